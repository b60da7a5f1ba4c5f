import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("Groups of processes") struct ProcessGroupTests {
  private func group(_ variables: [String: String]) -> ProcessGroup {
    ProcessGroup { variables[$0] }
  }

  @Test("without variables a process is alone, and with all of them in its place")
  func places() {
    #expect(group([:]) == .alone)
    #expect(group(["APUS_TOKEN": "left over"]) == .alone)
    #expect(ProcessGroup.alone.isCoordinator && ProcessGroup.alone.count == 1)
    let given = [
      "APUS_NODE": "2", "APUS_NODES": "4", "APUS_COORDINATOR": "h:1", "APUS_TOKEN": "secret",
      "APUS_LOCAL_DEVICES": "4,5", "APUS_START_TIMEOUT": "7",
    ]
    let found = group(given)
    #expect(found.index == 2 && found.count == 4 && !found.isCoordinator)
    #expect(found.devices == [4, 5] && found.patience == 7 && found.mistake == nil)
    #expect(found.environment == given)
    #expect(group(["APUS_NODE": "0", "APUS_NODES": "1"]).mistake == nil)
  }

  @Test(
    "variables that make no sense are told by name and value",
    arguments: [
      (["APUS_NODE": "1"], "APUS_NODES is missing, must be a number up to 65536"),
      (["APUS_NODES": "2"], "APUS_NODE is missing, must be a number up to 65536"),
      (
        ["APUS_NODE": "-1", "APUS_NODES": "2"], "APUS_NODE is '-1', must be a number up to 65536"
      ),
      (
        ["APUS_NODE": "0", "APUS_NODES": "99999"],
        "APUS_NODES is '99999', must be a number up to 65536"
      ),
      (
        ["APUS_NODE": "2", "APUS_NODES": "2"], "APUS_NODE is 2: of 2 processes the last is 1"
      ),
      (
        ["APUS_NODE": "0", "APUS_NODES": "2"],
        "2 processes need APUS_COORDINATOR and APUS_TOKEN, as apus launch sets them"
      ),
      (
        ["APUS_NODE": "0", "APUS_NODES": "1", "APUS_LOCAL_DEVICES": "1,x"],
        "APUS_LOCAL_DEVICES is '1,x', must be different numbers like 0,1"
      ),
      (
        ["APUS_NODE": "0", "APUS_NODES": "1", "APUS_LOCAL_DEVICES": "1,1"],
        "APUS_LOCAL_DEVICES is '1,1', must be different numbers like 0,1"
      ),
      (
        ["APUS_NODE": "0", "APUS_NODES": "1", "APUS_START_TIMEOUT": "0"],
        "APUS_START_TIMEOUT is '0', must be from 1 to 86400 seconds"
      ),
    ])
  func mistakes(variables: [String: String], reason: String) {
    let found = group(variables)
    #expect(found.mistake == reason)
    let error = #expect(throws: TensorError.self) { try found.check() }
    #expect(error?.description == "processes: \(reason)")
  }

  @Test("a processor's plugin refuses to share before it waits for anybody", .needsPlugin)
  func processor() throws {
    let group = ProcessGroup(
      index: 0, count: 2, coordinator: "127.0.0.1:1", token: "never asked", patience: 60)
    let plugin = try PJRTPlugin.open(XLAPlugins.plugin(for: "cpu").path)
    let error = #expect(throws: TensorError.self) {
      _ = try PJRTClient.shared(plugin, platform: "cpu", options: [:], group)
    }
    #expect(
      error?.reason
        == "2 processes cannot share devices of cpu: the plugin \(plugin.path) knows its own process "
        + "alone")
  }
}
