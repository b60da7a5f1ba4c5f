import Apus
import Foundation

/// Lets the launchers of several hosts begin and end together.
final class HostAgreement: Sendable {
  private enum Key {
    static let end = Array("launch/end".utf8)
    static func plan(_ node: Int) -> [UInt8] { Array("launch/plan/\(node)".utf8) }
    static func done(_ node: Int) -> [UInt8] { Array("launch/done/\(node)".utf8) }
  }

  private let plan: LaunchPlan
  private let client: StoreClient
  private let will: StoreWill

  /// Meets the launchers of the other hosts.
  ///
  /// - Throws: Who did not come; that they were started with other settings.
  init(_ plan: LaunchPlan, store: StoreAddress, token: String) throws {
    self.plan = plan
    let host = plan.hosts[plan.node]
    do {
      client = try StoreClient(store, token: token, connectingFor: plan.patience * 1000)
      will = try client.leave(
        Array("the launcher on \(host) (node \(plan.node)) is gone".utf8), under: Key.end)
      try client.put(Key.plan(plan.node), Array(plan.summary.utf8))
      let deadline = ContinuousClock.now + .seconds(plan.patience)
      for node in plan.hosts.indices {
        let left = max((deadline - .now) / .milliseconds(1), 1)
        let other = try Self.value(Key.plan(node), of: client, milliseconds: Int(left))
        guard let other else {
          throw Failure(
            "launch",
            "\(plan.hosts[node]) (node \(node)) did not come within \(plan.patience) s")
        }
        let text = String(decoding: other, as: UTF8.self)
        guard text == plan.summary else {
          throw Failure(
            "launch",
            "the hosts were started with other settings: \(host) with \(plan.summary); "
              + "\(plan.hosts[node]) with \(text)")
        }
      }
    } catch let error as StoreError { throw Failure("launch", error.reason) }
  }

  /// A value, or `nil` when it does not come in time.
  private static func value(
    _ key: [UInt8], of client: StoreClient, milliseconds: Int
  ) throws(StoreError) -> [UInt8]? {
    do throws(StoreError) { return try client.get(key, milliseconds: milliseconds) } catch {
      if error.code == .deadlineExceeded { return nil }
      throw error
    }
  }

  /// Waits for a value as long as it takes.
  private func wait(for key: [UInt8]) throws(StoreError) -> [UInt8] {
    while true {
      if let value = try Self.value(key, of: client, milliseconds: 3_600_000) { return value }
    }
  }

  /// Tells events what happens on other hosts.
  func watch(_ events: LaunchEvents) {
    Thread.detachNewThread { [self] in
      do throws(StoreError) {
        events.tell(.ended(String(decoding: try wait(for: Key.end), as: UTF8.self)))
      } catch { events.tell(.ended(error.reason)) }
    }
    guard plan.node == 0 else { return }
    Thread.detachNewThread { [self] in
      do throws(StoreError) {
        for node in plan.hosts.indices.dropFirst() { _ = try wait(for: Key.done(node)) }
        events.tell(.othersDone)
      } catch { events.tell(.ended(error.reason)) }
    }
  }

  /// Ends the launch everywhere.
  func end(_ reason: String) {
    // Where the store is gone the others know already.
    try? client.put(Key.end, Array(reason.utf8))
    try? will.takeBack()
  }

  /// Tells that the processes of this host have done their work.
  func done() throws {
    do throws(StoreError) {
      // The first host may end its store as soon as it knows that this one is done.
      try will.takeBack()
      try client.put(Key.done(plan.node), [])
    } catch { throw Failure("launch", error.reason) }
  }
}
