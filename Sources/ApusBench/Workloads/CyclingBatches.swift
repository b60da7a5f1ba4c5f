import Apus

/// Batches in memory that come one after the other, over and over; an epoch has as many as wanted.
struct CyclingBatches: BatchSource {
  let columns: [ColumnType]
  let batchSize: Int
  var batchCount = 1
  private let loader: DataLoader
  private let distinct: Int
  /// The bytes of each batch, per column.
  private var batches: [[[UInt8]]] = []

  /// The first `distinct` batches of a data set in stored order: a single step, of the first one,
  /// until ``layOut(steps:)``.
  init(_ loader: DataLoader, distinct: Int) throws {
    columns = loader.columns
    batchSize = loader.batchSize
    self.loader = loader
    self.distinct = distinct
    try layOut(1)
  }

  /// Puts all batches into memory, for so many steps.
  mutating func layOut(steps: Int) throws {
    try layOut(distinct)
    batchCount = steps
  }

  private mutating func layOut(_ count: Int) throws {
    for index in batches.count..<max(batches.count, count) {
      batches.append(try loader.batch(epoch: 0, index: index).tensors.map { try $0.bytes() })
    }
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
