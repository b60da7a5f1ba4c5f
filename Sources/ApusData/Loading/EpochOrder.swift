import Synchronization

/// The order of samples in each epoch: a pure function of seed and epoch.
///
/// The orders of two epochs are kept, so that a thread preparing the next one does not displace
/// the current.
final class EpochOrder: Sendable {
  private struct Entry {
    let epoch: Int
    let order: [Int]
  }

  private let count: Int
  private let seed: UInt64
  private let recent = Mutex<[Entry]>([])

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }

  /// Returns the order of `epoch`.
  ///
  /// - Complexity: linear in the number of samples when the epoch is new, else constant.
  func callAsFunction(_ epoch: Int) -> [Int] {
    recent.withLock { recent in
      if let entry = recent.first(where: { $0.epoch == epoch }) { return entry.order }
      var order = Array(0..<count)
      Permutation.shuffle(&order, seed: seed, epoch: epoch, purpose: .order)
      if recent.count > 1 { recent.removeFirst() }
      recent.append(Entry(epoch: epoch, order: order))
      return order
    }
  }
}
