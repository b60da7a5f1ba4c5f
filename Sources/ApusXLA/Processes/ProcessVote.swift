import ApusCore

/// Lets the processes of a group decide together: all ask as often, and all get one answer.
package final class ProcessVote: Sendable {
  private let exchange: ProcessExchange
  private let name: String

  /// A vote, or `nil` for a process without others, which decides alone.
  ///
  /// - Parameter name: What is decided; another for each vote.
  package init?(_ group: ProcessGroup, on name: String) throws(TensorError) {
    guard group.count > 1 else { return nil }
    self.name = "apus/vote/\(name)"
    exchange = try ProcessExchange(group)
  }

  /// Whether one of the processes is for it; waits until all have been asked.
  package func isAnyFor(_ flag: Bool) throws(TensorError) -> Bool {
    do throws(StoreError) {
      // A process that has ended is the launcher's matter: there is no shorter limit.
      return try exchange.store.meet(
        name, member: exchange.group.index, of: exchange.group.count, flag: flag,
        milliseconds: StoreLimits.timeoutMilliseconds)
    } catch { throw TensorError(operation: "processes", reason: error.reason) }
  }
}
