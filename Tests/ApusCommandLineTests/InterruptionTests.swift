import Apus
import Foundation
import Testing

@Suite("A killed run goes on as if nothing had happened", .serialized)
struct InterruptionTests {
  private static let options = [
    "train", "iris", "--epochs", "20", "--batch-size", "4", "--quiet", "--output",
  ]

  /// The checkpoints of a run, oldest first.
  private func checkpoints(_ folder: String) -> [String] {
    let path = folder + "/checkpoints"
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { $0.hasPrefix("checkpoint-") }.sorted().map { path + "/" + $0 }
  }

  private func resume(_ folder: String, _ more: String...) -> [String] {
    ["train", "iris", "--quiet", "--output", folder, "--resume"] + more
  }

  @Test("50 kills at random moments lose nothing, and end with the same bits")
  func kills() throws {
    try Folder.temporary { folder in
      let (whole, broken) = (folder + "/whole", folder + "/broken")
      #expect(try Tool.run(Tool.path, Self.options + [whole]).status == 0)
      var random = SplitMix(state: 7)
      var kills = 0
      var finished = 0
      while kills < 50 {
        let hasRun = !checkpoints(broken).isEmpty
        let arguments =
          hasRun
          ? resume(broken, "--checkpoint-every", "1")
          : Self.options + [broken, "--checkpoint-every", "1"]
        let process = try Tool.start(Tool.path, arguments)
        usleep(UInt32(20_000 + random.next() % 180_000))
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        for path in checkpoints(broken) {
          let file = try Safetensors(contentsOf: path)
          #expect(file.metadata["apus.training"] != nil)
        }
        guard process.terminationReason == .exit else {
          kills += 1
          continue
        }
        // The run came to its end: compare, and begin another.
        #expect(process.terminationStatus == 0)
        try expectSameModel(whole, broken)
        finished += 1
        try FileManager.default.removeItem(atPath: broken)
      }
      if !checkpoints(broken).isEmpty {
        #expect(try Tool.run(Tool.path, resume(broken)).status == 0)
        try expectSameModel(whole, broken)
        finished += 1
      }
      #expect(finished > 0)
    }
  }

  @Test("Interrupting saves a checkpoint, says how to go on, and exits with 130")
  func interrupt() throws {
    try Folder.temporary { folder in
      let (whole, broken) = (folder + "/whole", folder + "/broken")
      let options = [
        "train", "iris", "--epochs", "1500", "--batch-size", "1", "--quiet", "--output",
      ]
      #expect(try Tool.run(Tool.path, options + [whole]).status == 0)
      let errors = folder + "/errors"
      let process = try Tool.start(Tool.path, options + [broken], errors: errors)
      while !FileManager.default.fileExists(atPath: broken + "/checkpoints"), process.isRunning {
        usleep(2_000)
      }
      usleep(20_000)
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      let text = try String(contentsOfFile: errors, encoding: .utf8)
      #expect(
        text.hasSuffix("; go on with: apus train iris --output \(broken) --resume\n"), "\(text)")
      #expect(try Tool.run(Tool.path, resume(broken)).status == 0)
      try expectSameModel(whole, broken)
    }
  }

  private func expectSameModel(
    _ first: String, _ second: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func bytes(_ folder: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors"))
    }
    #expect(try bytes(first) == bytes(second), sourceLocation: sourceLocation)
  }
}

/// A small generator of random numbers.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
