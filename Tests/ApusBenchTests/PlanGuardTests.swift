import Apus
import Foundation
import Testing

/// Times are noise on a shared machine; what plans cost is not.
@Suite("What the plans of the bench cost", .serialized) struct PlanGuardTests {
  private static let recorded = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("../../Benchmarks/plans.json").path

  private func plans(_ arguments: String...) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("apus-bench")
    process.arguments = ["plans"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  @Test("Kernels, bytes and multiply-adds of every workload are as recorded")
  func asRecorded() throws {
    let (status, text) = try plans("--check", Self.recorded)
    #expect(status == 0, "\(text)")
    if !text.isEmpty { print(text) }
  }

  @Test("A plan that costs more or less than recorded is told, with what to do about it")
  func grown() throws {
    typealias Ledger = [String: [String: PlanStatistics]]
    let key = "own kernels, \(CPUExecutor.instructionSet)"
    let path = FileManager.default.temporaryDirectory.path + "/plans-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let written = try plans("--record", path)
    #expect(written.status == 0, "\(written.text)")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    var ledger = try JSONDecoder().decode(Ledger.self, from: data)
    let kernels = try #require(ledger[key]?["iris"]?.kernels)
    ledger[key]?["iris"]?.kernels -= 1
    ledger[key]?["iris"]?.arenaBytes += 64
    ledger[key]?["lenet"] = nil
    try JSONEncoder().encode(ledger).write(to: URL(fileURLWithPath: path))
    let (status, text) = try plans("--check", path, "iris", "lenet")
    #expect(status == 1)
    #expect(
      text.contains("\(key): iris: kernels grew from \(kernels - 1) to \(kernels)\n"), "\(text)")
    #expect(text.contains("iris: arena bytes shrank from "), "\(text)")
    #expect(text.contains("\(key): lenet: not recorded\n"), "\(text)")
    #expect(text.contains("\"make plans\""), "\(text)")
  }
}
