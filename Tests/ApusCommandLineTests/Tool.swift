import Foundation
import Testing

/// The built command, run as a process.
enum Tool {
  /// What a finished process left.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The executable stands beside the test bundle.
  static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("apus").path

  /// Runs `apus` to its end.
  static func run(_ arguments: String...) throws -> Outcome { try run(path, arguments) }

  /// Runs a line of shell in which `$0` is the command.
  static func shell(_ script: String) throws -> Outcome {
    try run("/bin/sh", ["-c", script, path])
  }

  static func run(_ program: String, _ arguments: [String]) throws -> Outcome {
    try Folder.temporary { folder in
      let (output, errors) = (folder + "/out", folder + "/err")
      let process = try start(program, arguments, output: output, errors: errors)
      process.waitUntilExit()
      func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
      }
      return try Outcome(
        status: process.terminationStatus, output: text(output), errors: text(errors))
    }
  }

  /// Starts a process without waiting for it.
  static func start(
    _ program: String, _ arguments: [String], output: String = "/dev/null",
    errors: String = "/dev/null"
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["APUS_THREADS": "1", "COLUMNS": "80"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try handle(output)
    process.standardError = try handle(errors)
    try process.run()
    return process
  }

  private static func handle(_ path: String) throws -> FileHandle {
    if path == "/dev/null" { return .nullDevice }
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }
}

/// Folders for the time of a test.
enum Folder {
  static func temporary<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.path + "/apus-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }
}
