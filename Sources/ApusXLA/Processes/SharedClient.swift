import ApusCore
import Foundation

extension PJRTClient {
  /// The client of a process whose devices are computed on together with those of other processes.
  ///
  /// Before anything is started, all processes must have come and have the same versions; afterwards
  /// they must see the same devices.
  /// - Throws: What a process lacks, does not agree on, or that it did not come in time.
  static func shared(
    _ plugin: PJRTPlugin, platform: String, options: [String: PJRTOption], _ group: ProcessGroup
  ) throws(TensorError) -> PJRTClient {
    guard ClientSettings.isGPU(platform) else {
      throw TensorError(
        operation: "processes",
        reason: "\(group.count) processes cannot share devices of \(platform): the plugin "
          + "\(plugin.path) knows its own process alone")
    }
    let exchange = try ProcessExchange(group)
    try exchange.agree(on: ProcessAnnouncement(plugin), platform: platform)
    var options = options
    options["node_id"] = .integer(group.index)
    options["num_nodes"] = .integer(group.count)
    let client = try PJRTClient(
      plugin, options: options, store: StoreCallbacks(exchange.store),
      agreement: ProgramAgreement(exchange))
    try exchange.compareDevices(of: client, platform: platform)
    return client
  }
}

extension ProcessExchange {
  /// Makes sure that all processes fit together.
  @discardableResult
  func agree(
    on own: ProcessAnnouncement, platform: String
  ) throws(TensorError) -> [ProcessAnnouncement] {
    let told = try tell(encoded(own), about: "\(platform)/process")
    var all: [ProcessAnnouncement] = []
    for (index, bytes) in told.enumerated() {
      guard let other = try? JSONDecoder().decode(ProcessAnnouncement.self, from: Data(bytes))
      else {
        throw TensorError(
          operation: "processes", reason: "process \(index) is of another version of Apus")
      }
      all.append(other)
    }
    if let reason = ProcessAnnouncement.disagreement(of: all) {
      throw TensorError(operation: "processes", reason: reason)
    }
    return all
  }

  private func encoded(_ own: ProcessAnnouncement) throws(TensorError) -> [UInt8] {
    do { return Array(try JSONEncoder().encode(own)) } catch {
      throw TensorError(
        operation: "processes", reason: "cannot tell what this process is: \(error)")
    }
  }

  /// Makes sure that the devices of all processes are those that this one knows.
  func compareDevices(of client: PJRTClient, platform: String) throws(TensorError) {
    let told = try tell(
      Array(client.devices.map { "\($0.id)" }.joined(separator: ",").utf8),
      about: "\(platform)/devices")
    try Self.check(
      told.map { String(decoding: $0, as: UTF8.self) }, against: client.deviceIDs)
  }

  static func check(_ told: [String], against known: [Int]) throws(TensorError) {
    let ids = told.flatMap { $0.split(separator: ",").map { Int($0) ?? -1 } }
    guard ids.sorted() != known else { return }
    let list = told.enumerated().map { "\($0) has \($1)" }.joined(separator: "; ")
    throw TensorError(
      operation: "processes",
      reason: "the processes do not see the same devices: \(list); known are "
        + known.map(String.init).joined(separator: ","))
  }
}
