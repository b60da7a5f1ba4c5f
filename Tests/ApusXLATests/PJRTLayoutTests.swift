import Foundation
import Testing

@testable import ApusXLA

/// Compares the own declarations of the PJRT C API with a header of it, where one is installed.
@Suite("PJRT layouts") struct PJRTLayoutTests {
  /// A header, such as the package xla-cpu-pjrt installs.
  static let header: String? = {
    let named = ProcessInfo.processInfo.environment["APUS_TEST_PJRT_HEADER"]
    let places = PythonPackages(environment: .ofProcess).directories.flatMap { directory in
      Folder.entries(of: directory + "/xla_plugins").map {
        "\(directory)/xla_plugins/\($0)/include/pjrt_c_api.h"
      }
    }
    return ([named].compactMap { $0 } + places).first { Folder.exists($0) }
  }()

  static let compiler: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return ["cc", "clang", "gcc"].lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
      .first { Folder.exists($0) }
  }()

  @Test(
    "offsets, sizes and places in the table are those of the header",
    .enabled(if: header != nil, "no pjrt_c_api.h is installed"),
    .enabled(if: compiler != nil, "no C compiler"))
  func layouts() throws {
    let outcome = try Self.compile(Self.source(Self.statements))
    #expect(outcome.isEmpty, "\(outcome)")
  }

  @Test(
    "a wrong offset or place would be told",
    .enabled(if: header != nil, "no pjrt_c_api.h is installed"),
    .enabled(if: compiler != nil, "no C compiler"),
    arguments: [
      "FIELD(pjrt_execute_args, events, PJRT_LoadedExecutable_Execute_Args, argument_lists)",
      "PLACE(pjrt_compile, PJRT_Client_Compile)",
      "SIZE(pjrt_empty_args, PJRT_Buffer_ToHostBuffer_Args)",
    ])
  func wrong(statement: String) throws {
    let outcome = try Self.compile(Self.source([statement]))
    #expect(outcome.contains("static"), "\(outcome)")
  }

  private static func source(_ statements: [String]) -> String {
    let here = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    let own = here.deletingLastPathComponent()
      .appending(path: "../../Sources/CApusDynamic/pjrt_abi.h").standardizedFileURL.path
    let macros = """
      #include <stddef.h>
      #include "\(header ?? "")"
      #include "\(own)"
      #define SAME(a, b) _Static_assert((a) == (b), #a " is not " #b);
      #define FIELD(mine, field, theirs, name) \\
        SAME(offsetof(mine, field), offsetof(theirs, name)) \\
        SAME(sizeof(((mine *)0)->field), sizeof(((theirs *)0)->name))
      #define SIZE(mine, theirs) SAME(sizeof(mine) >= theirs##_STRUCT_SIZE, 1)
      #define PLACE(mine, name) \\
        SAME(offsetof(apus_pjrt_api, functions) + (mine) * sizeof(void *), offsetof(PJRT_Api, name))
      #define NUMBER(mine, theirs) SAME((int)(mine), (int)(theirs))
      """
    return macros + "\n" + statements.joined(separator: "\n") + "\n"
  }

  /// What the compiler says; nothing when it is content.
  private static func compile(_ source: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.path + "/apus-layout-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try source.write(toFile: folder + "/layout.c", atomically: true, encoding: .utf8)
    let errors = folder + "/errors"
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: compiler ?? "")
    process.arguments = ["-std=c11", "-fsyntax-only", folder + "/layout.c"]
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    process.waitUntilExit()
    let text = try String(contentsOfFile: errors, encoding: .utf8)
    return process.terminationStatus == 0 ? "" : text.isEmpty ? "failed" : text
  }
}
