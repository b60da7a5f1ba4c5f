import ApusCore

/// The batches of one epoch in order, filled into memory of the caller's.
///
/// Where a loader prepares batches ahead they are taken from there; else they are made on the spot.
package struct BatchFeed {
  private let source: any BatchSource
  private let epoch: Int
  private let prefetcher: BatchPrefetcher?

  /// Starts an epoch at batch `first`.
  package init(_ source: any BatchSource, epoch: Int, first: Int = 0) {
    self.source = source
    self.epoch = epoch
    prefetcher = (source as? DataLoader).flatMap { loader in
      BatchPrefetcher.depth(for: loader).map {
        BatchPrefetcher(loader, epoch: epoch, first: first, depth: $0)
      }
    }
  }

  /// Fills `buffers`, one per column, with the next batch, which has number `batch`.
  package func load(
    batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws {
    guard let prefetcher, let next = prefetcher.next() else {
      return try source.load(epoch: epoch, batch: batch, into: buffers)
    }
    for (tensor, buffer) in zip(next.tensors, buffers) {
      try tensor.withBytes { bytes in buffer.copyMemory(from: bytes) }
    }
  }
}
