/// Batches of a data set: shuffled, gathered, transformed.
///
///     let loader = try DataLoader(train, batchSize: 128, shuffleSeed: 7)
///     for batch in loader.epoch(0) { … batch.inputs … batch.targets … }
public struct DataLoader: BatchSource {
  public let dataset: TensorDataset
  public let batchSize: Int
  /// The seed of order and transforms; without one, samples come in their own order.
  public let shuffleSeed: UInt64?
  public let dropsLast: Bool
  public let transforms: [any BatchTransform]
  public let prefetch: Prefetch

  private let order: EpochOrder?

  /// Whether batches are prepared ahead on another thread. Never changes what they hold.
  public enum Prefetch: Sendable, Hashable {
    /// Ahead by two batches when the work per batch clearly exceeds the hand-over.
    case automatic
    case off
    /// Ahead by this many batches.
    case batches(Int)
  }

  /// Creates a loader.
  ///
  /// - Throws: `DataError` for a batch size below 1, when dropping the last batch leaves none, or
  ///   when a transform refuses the columns.
  public init(
    _ dataset: TensorDataset, batchSize: Int, shuffleSeed: UInt64? = nil, dropsLast: Bool = false,
    transforms: [any BatchTransform] = [], prefetch: Prefetch = .automatic
  ) throws {
    guard batchSize > 0 else {
      throw DataError("data loader", .mismatch("batch size is \(batchSize), must be at least 1"))
    }
    guard !dropsLast || dataset.count >= batchSize else {
      throw DataError(
        "data loader",
        .mismatch(
          "no batch is left: \(dataset.count) samples, batches of \(batchSize), last dropped"))
    }
    for transform in transforms { try transform.check(dataset.columns) }
    self.dataset = dataset
    self.batchSize = batchSize
    self.shuffleSeed = shuffleSeed
    self.dropsLast = dropsLast
    self.transforms = transforms
    self.prefetch = prefetch
    self.order = shuffleSeed.map { EpochOrder(count: dataset.count, seed: $0) }
  }

  public var columns: [ColumnType] { dataset.columns }

  public var batchCount: Int {
    let whole = dataset.count / batchSize
    return dropsLast || dataset.count % batchSize == 0 ? whole : whole + 1
  }

  public func sampleCount(ofBatch batch: Int) -> Int {
    guard batch >= 0, batch < batchCount else { return 0 }
    return min(batchSize, dataset.count - batch * batchSize)
  }

  /// Returns the positions in the data set of the samples of a batch; none out of range.
  public func sampleIndices(epoch: Int, batch: Int) -> [Int] {
    let count = sampleCount(ofBatch: batch)
    guard count > 0 else { return [] }
    let range = (batch * batchSize)..<(batch * batchSize + count)
    return order.map { Array($0(epoch)[range]) } ?? Array(range)
  }

  public func load(
    epoch: Int, batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws {
    let count = sampleCount(ofBatch: batch)
    try check(batch, count, buffers)
    let start = batch * batchSize
    let order = order.map { $0(epoch) }
    for column in 0..<dataset.columns.count {
      let width = dataset.columns[column].byteCount
      guard let target = buffers[column].baseAddress else { continue }
      dataset.arrays[column].bytes.withUnsafeBytes { source in
        guard let base = source.baseAddress else { return }
        for i in 0..<count {
          let row = dataset.row(of: order.map { $0[start + i] } ?? start + i)
          (target + i * width).copyMemory(from: base + row * width, byteCount: width)
        }
      }
    }
    for (index, transform) in transforms.enumerated() {
      let loaded = LoadedBatch(
        columns: dataset.columns, buffers: buffers, epoch: epoch, count: count,
        seed: shuffleSeed ?? 0, transform: index, order: order, start: start)
      transform.apply(to: loaded)
    }
  }

  private func check(
    _ batch: Int, _ count: Int, _ buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws {
    guard count > 0 else {
      throw DataError(
        "data loader",
        .mismatch(
          "batch \(batch) is out of range, there are \(batchCount)"))
    }
    guard buffers.count == columns.count else {
      throw DataError(
        "data loader",
        .mismatch(
          "\(buffers.count) buffers for \(columns.count) columns"))
    }
    for (column, buffer) in zip(dataset.columns, buffers)
    where buffer.count < count * column.byteCount {
      throw DataError(
        "data loader",
        .mismatch(
          "\"\(column.name)\" needs \(count) × \(column.byteCount) bytes, "
            + "the buffer has \(buffer.count)"))
    }
  }
}
