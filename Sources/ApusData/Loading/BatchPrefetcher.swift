import Foundation

/// Prepares the batches of one epoch ahead, on a thread of its own, into a bounded queue.
///
/// A hand-over between threads costs some 60 µs, so it pays only for larger work. The thread ends
/// with the epoch, or when the reader is released.
final class BatchPrefetcher: Sendable {
  /// Owned by both sides; every field is guarded by `condition`.
  private final class Queue: @unchecked Sendable {
    let condition = NSCondition()
    var batches: [Batch] = []
    var isFinished = false
    var isCancelled = false
  }

  private let queue = Queue()

  init(_ source: some BatchSource, epoch: Int, first: Int, depth: Int) {
    let queue = queue
    let thread = Thread {
      for index in first..<max(first, source.batchCount) {
        let batch = source.batchOrFailure(epoch: epoch, index: index)
        queue.condition.lock()
        while queue.batches.count >= depth, !queue.isCancelled { queue.condition.wait() }
        let isCancelled = queue.isCancelled
        queue.batches.append(batch)
        queue.condition.broadcast()
        queue.condition.unlock()
        if isCancelled { return }
      }
      queue.condition.lock()
      queue.isFinished = true
      queue.condition.broadcast()
      queue.condition.unlock()
    }
    thread.name = "apus-prefetch"
    thread.start()
  }

  deinit {
    queue.condition.lock()
    queue.isCancelled = true
    queue.condition.broadcast()
    queue.condition.unlock()
  }

  /// Returns the next batch, waiting for it if needed, or `nil` after the last.
  func next() -> Batch? {
    queue.condition.lock()
    defer { queue.condition.unlock() }
    while queue.batches.isEmpty, !queue.isFinished { queue.condition.wait() }
    guard !queue.batches.isEmpty else { return nil }
    defer { queue.condition.broadcast() }
    return queue.batches.removeFirst()
  }

  /// Returns how far ahead to prepare batches, or `nil` for not at all.
  ///
  /// Automatic means: from 240 µs of copying and transforming per batch on, four times the
  /// hand-over, at 10 bytes per nanosecond for copies and 5 for transforms.
  static func depth(for loader: DataLoader) -> Int? {
    switch loader.prefetch {
    case .off: return nil
    case .batches(let depth): return depth > 0 ? depth : nil
    case .automatic:
      let bytes = loader.sampleCount(ofBatch: 0) * loader.columns.reduce(0) { $0 + $1.byteCount }
      let nanoseconds = bytes / 10 + bytes / 5 * loader.transforms.count
      return nanoseconds >= 240_000 && loader.batchCount > 2 ? 2 : nil
    }
  }
}
