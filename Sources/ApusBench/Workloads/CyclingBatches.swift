import Apus

/// Batches in memory that come one after the other, over and over; an epoch has as many as wanted.
struct CyclingBatches: BatchSource {
  let columns: [ColumnType]
  let batchSize: Int
  let batchCount: Int
  /// The bytes of each distinct batch, per column.
  private let batches: [[[UInt8]]]

  /// The first `distinct` batches of a data set in stored order.
  init(_ loader: DataLoader, distinct: Int, steps: Int) throws {
    columns = loader.columns
    batchSize = loader.batchSize
    batchCount = steps
    batches = try (0..<distinct).map { index in
      try loader.batch(epoch: 0, index: index).tensors.map { try $0.bytes() }
    }
  }

  init(_ other: CyclingBatches, steps: Int) {
    columns = other.columns
    batchSize = other.batchSize
    batches = other.batches
    batchCount = steps
  }

  func sampleCount(ofBatch batch: Int) -> Int { batchSize }

  func load(
    epoch: Int, batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws {
    // Training goes on with the next batch where the last request stopped: the first one has been
    // used for warming up.
    let parts = batches[batch % batches.count]
    for (part, buffer) in zip(parts, buffers) { buffer.copyBytes(from: part) }
  }
}
