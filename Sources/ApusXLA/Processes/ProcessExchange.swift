import ApusCore

/// Lets every process of a group tell all others something.
struct ProcessExchange: Sendable {
  let group: ProcessGroup
  let store: StoreClient

  /// Connects with the store that the group names.
  ///
  /// - Throws: When it cannot be reached in the time that the group has.
  init(_ group: ProcessGroup) throws(TensorError) {
    try group.check()
    self.group = group
    do throws(StoreError) {
      store = try StoreClient(
        StoreAddress(group.coordinator), token: group.token,
        connectingFor: group.patience * 1000)
    } catch { throw TensorError(operation: "processes", reason: error.reason) }
  }

  /// Tells all others `own` and returns what each has told, by its number.
  ///
  /// - Parameter seconds: How long to wait; as long as the group does at its start unless given.
  /// - Throws: Who has told nothing in time; that another process has the same number.
  func tell(
    _ own: [UInt8], about subject: String, within seconds: Int? = nil
  ) throws(TensorError) -> [[UInt8]] {
    let patience = seconds ?? group.patience
    do throws(StoreError) {
      try store.put(key(subject, group.index), own, isNew: true)
    } catch {
      if error.code != .alreadyExists { throw failure(error.reason) }
      throw failure(
        "two processes have number \(group.index): \(ProcessGroup.Variable.index) "
          + "must be another for each")
    }
    let deadline = SteadyClock.milliseconds() + Int64(patience) * 1000
    var told: [[UInt8]] = []
    var missing: [Int] = []
    for index in 0..<group.count {
      let left = max(deadline - SteadyClock.milliseconds(), 0)
      do throws(StoreError) {
        told.append(try store.get(key(subject, index), milliseconds: Int(left)))
      } catch {
        guard error.code == .deadlineExceeded || error.code == .notFound else {
          throw failure(error.reason)
        }
        missing.append(index)
      }
    }
    if missing.isEmpty { return told }
    let names = missing.prefix(16).map(String.init).joined(separator: ", ")
    let rest = missing.count > 16 ? " and \(missing.count - 16) more" : ""
    throw failure(
      "\(told.count) of \(group.count) processes came within \(patience) s; missing: "
        + names + rest)
  }

  private func key(_ subject: String, _ index: Int) -> [UInt8] {
    Array("apus/\(subject)/\(index)".utf8)
  }

  private func failure(_ reason: String) -> TensorError {
    TensorError(operation: "processes", reason: reason)
  }
}
