import ApusCore
import Foundation
import Testing

@testable import ApusXLA

@Suite("plugins in a process of their own") struct PluginTrialTests {
  private var plugin: String {
    get throws { try XLAPlugins.plugin(for: "cpu").path }
  }

  @Test("a plugin tells versions, platform and devices", .needsPlugin)
  func details() throws {
    let details = try XLAPlugins.details(of: plugin)
    let opened = try PJRTPlugin.open(plugin)
    #expect(details.apiVersion == "\(opened.major).\(opened.minor)")
    #expect(details.attributes == opened.attributes)
    #expect(details.stableHLO?.split(separator: ".").count == 3)
    #expect(details.platform == "cpu" && details.devices.count == 1)
  }

  @Test("as many devices as asked for", .needsPlugin)
  func deviceCount() throws {
    let trial = PluginTrial(path: try plugin, options: ["cpu_device_count": .integer(3)])
    #expect(trial.mistake == nil)
    #expect(trial.devices.map(\.id) == [0, 1, 2])
  }

  /// A copy of the plugin: one that this process has not opened, as flags are read once.
  private func withCopy(_ body: (String) throws -> Void) throws {
    try Tree.temporary { tree in
      try FileManager.default.copyItem(atPath: plugin, toPath: tree.path("copy_cpu.so"))
      try body(tree.path("copy_cpu.so"))
    }
  }

  @Test("an unknown flag of the compiler ends the trial's process, not this one", .needsPlugin)
  func unknownFlag() throws {
    try withCopy { path in
      let settings = ClientSettings(["XLA_FLAGS": "--no_such_flag=1"])
      let error = #expect(throws: TensorError.self) {
        try settings.check(path, ["cpu_device_count": .integer(1)])
      }
      let reason = try #require(error?.reason)
      #expect(reason.hasPrefix("the plugin \(path) ends its process ("), "\(reason)")
      #expect(reason.contains("Unknown flag"), "\(reason)")
      #expect(reason.hasSuffix("\n  XLA_FLAGS is \"--no_such_flag=1\""), "\(reason)")
    }
  }

  @Test("a known flag passes", .needsPlugin)
  func knownFlag() throws {
    try withCopy { path in
      let settings = ClientSettings(["XLA_FLAGS": "--xla_cpu_enable_fast_math=false"])
      try settings.check(path, ["cpu_device_count": .integer(1)])
    }
  }

  @Test("files that are no plugins are told")
  func noPlugin() throws {
    try Tree.temporary { tree in
      try tree.add("text.so", "not a library")
      let error = #expect(throws: TensorError.self) {
        try XLAPlugins.details(of: tree.path("text.so"))
      }
      #expect(error?.reason.hasPrefix("cannot use the plugin \(tree.root)/text.so: ") == true)
      #expect(PluginTrial(path: "/lib/x86_64-linux-gnu/libm.so.6").apiVersion == nil)
    }
  }
}

@Suite("handshake with plugins") struct PluginHandshakeTests {
  private func mistake(_ major: Int, _ minor: Int, stableHLO: String? = nil) -> String? {
    PluginHandshake.mistake(
      "p.so", major: major, minor: minor, isComplete: major == 0 && minor >= 67,
      attributes: stableHLO.map { ["stablehlo_current_version": $0] } ?? [:])
  }

  @Test("versions that are spoken pass")
  func good() {
    #expect(mistake(0, 67) == nil)
    #expect(mistake(0, 115, stableHLO: "1.20.0") == nil)
    #expect(mistake(0, 81, stableHLO: "1.1.0") == nil)
  }

  @Test("too new, too old and too old a StableHLO are told apart")
  func bad() {
    #expect(
      mistake(1, 2)
        == "the plugin p.so speaks PJRT API 1.2, which is newer than this program knows: "
        + "it needs 0.67 or a later 0.x; use an older plugin or a newer apus")
    #expect(
      mistake(0, 40) == "the plugin p.so speaks PJRT API 0.40, which is too old: needs 0.67 or a "
        + "later 0.x; use a newer plugin")
    #expect(
      mistake(0, 81, stableHLO: "0.14.6")
        == "the plugin p.so reads StableHLO 0.14.6, programs are written in 1.1.0 or later: "
        + "use a newer plugin")
  }
}

@Suite("settings of clients") struct ClientSettingsTests {
  @Test("GPUs take settings of memory, processors a number of devices")
  func options() throws {
    let settings = ClientSettings(
      ["APUS_XLA_PREALLOCATE": "0", "APUS_XLA_MEMORY_FRACTION": "0.25"])
    #expect(
      try settings.options(for: "cuda", devices: 1)
        == ["preallocate": .flag(false), "memory_fraction": .real(0.25)])
    #expect(try settings.options(for: "cpu", devices: 4) == ["cpu_device_count": .integer(4)])
    #expect(try ClientSettings([:]).options(for: "cuda", devices: 1).isEmpty)
  }

  @Test("products of 32-bit numbers are exact unless told otherwise")
  func precision() throws {
    #expect(try ClientSettings([:]).precision() == "HIGHEST")
    #expect(try ClientSettings(["APUS_XLA_PRECISION": "default"]).precision() == "DEFAULT")
    let error = #expect(throws: TensorError.self) {
      try ClientSettings(["APUS_XLA_PRECISION": "tf32"]).precision()
    }
    #expect(
      error?.reason == "APUS_XLA_PRECISION is \"tf32\", must be highest, high or default")
    let builder = StableHLOBuilder(precision: "DEFAULT")
    let x = builder.constant(1, StableHLOType(.f32, [2, 2]))
    _ = builder.dotGeneral(x, x, contracting: (a: [1], b: [0]))
    #expect(builder.lines.last?.contains("precision = [DEFAULT, DEFAULT]") == true)
  }

  @Test(
    "values that mean nothing are refused",
    arguments: [
      ("APUS_XLA_PREALLOCATE", "maybe", "must be 1 or 0"),
      ("APUS_XLA_MEMORY_FRACTION", "0", "must be a number above 0, at most 1"),
      ("APUS_XLA_MEMORY_FRACTION", "1.5", "must be a number above 0, at most 1"),
      ("APUS_XLA_MEMORY_FRACTION", "nan", "must be a number above 0, at most 1"),
    ])
  func refused(name: String, value: String, why: String) {
    let error = #expect(throws: TensorError.self) {
      try ClientSettings([name: value]).options(for: "rocm", devices: 1)
    }
    #expect(error?.reason == "\(name) is \"\(value)\", \(why)")
  }
}
