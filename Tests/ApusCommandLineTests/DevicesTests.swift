import Apus
import Foundation
import Testing

/// Whether a PJRT plugin for processors is found.
private let hasPlugin = (try? XLAPlugins.plugin(for: "cpu")) != nil

@Suite("Devices on the command line") struct DevicesTests {
  @Test("The processor and the plugins are listed", .enabled(if: hasPlugin, "no PJRT plugin"))
  func list() throws {
    let outcome = try Tool.run("devices")
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("cpu\n  built in, no plugin needed\n"))
    let plugin = try XLAPlugins.plugin(for: "cpu")
    let details = try XLAPlugins.details(of: plugin.path)
    let part = """
      xla:cpu
        plugin     \(plugin.path)
        found by   \(plugin.origin)
        platform   cpu, \(details.platformVersion)
        PJRT API   \(details.apiVersion)
        StableHLO  \(details.stableHLO ?? "")
      """
    #expect(outcome.output.contains(part), "\(outcome.output)")
  }

  @Test("A plugin that cannot be used is told, with what is wrong")
  func unusable() throws {
    try Folder.temporary { folder in
      let path = folder + "/broken_tpu.so"
      try "no library".write(toFile: path, atomically: false, encoding: .utf8)
      let one = try Tool.run("devices", "--plugin", path)
      #expect(one.status == 1 && one.output.isEmpty)
      #expect(one.errors.hasPrefix("error: xla: cannot use the plugin \(path): "), "\(one.errors)")
      let all = try Tool.shell("APUS_PJRT_TPU=\(path) \"$0\" devices")
      #expect(all.status == 0)
      #expect(
        all.output.contains(
          "tpu\n  plugin     \(path)\n  found by   APUS_PJRT_TPU\n  unusable   cannot use the plugin"
        ),
        "\(all.output)")
    }
  }

  @Test("A device without a plugin ends the run before anything is written")
  func absent() throws {
    try Folder.temporary { folder in
      let outcome = try Tool.run(
        "train", "iris", "--device", "nochip:1", "--output", folder + "/run")
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(
        outcome.errors.hasPrefix("error: device: no PJRT plugin for nochip was found\n"),
        "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
    }
  }

  @Test(
    "Flags that the compiler does not know are an error, not a crash",
    .enabled(if: hasPlugin, "no PJRT plugin"))
  func flags() throws {
    let outcome = try Tool.shell(
      "XLA_FLAGS=--no_such_flag \"$0\" train iris --device xla:cpu --epochs 1")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("ends its process"), "\(outcome.errors)")
    #expect(outcome.errors.contains("XLA_FLAGS is \"--no_such_flag\""), "\(outcome.errors)")
  }

  @Test(
    "A run on a plugin ends like one on the processor, also over a mesh; its model is evaluated there",
    .enabled(if: hasPlugin, "no PJRT plugin"),
    arguments: ["xla:cpu", "mesh:data=2@cpu"])
  func training(device: String) throws {
    try Folder.temporary { folder in
      let options = ["train", "iris", "--epochs", "3", "--batch-size", "8", "--plain"]
      let expected = try Tool.run(Tool.path, options)
      let actual = try Tool.shell(
        "APUS_CACHE=off \"$0\" \(options.joined(separator: " ")) --device \(device)"
          + " --output \(folder)/run")
      #expect(actual.status == 0, "\(actual.errors)")
      func result(_ outcome: Tool.Outcome) -> Substring? {
        outcome.output.split(separator: "\n").first { $0.hasPrefix("test: ") }
      }
      #expect(result(actual) != nil && result(actual) == result(expected))
      #expect(actual.output.contains(", on "))
      let model = folder + "/run/model.safetensors"
      let evaluated = try Tool.run("evaluate", model, "--device", device)
      let native = try Tool.run("evaluate", model)
      #expect(evaluated.status == 0 && evaluated.output == native.output, "\(evaluated.errors)")
      let row = "5.1,3.5,1.4,0.2"
      let predicted = try Tool.run("predict", model, row, "--device", device)
      #expect(predicted.output == (try Tool.run("predict", model, row)).output)
    }
  }
}
