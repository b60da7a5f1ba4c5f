import ApusCore

/// Something a training loop draws batches from, into memory it owns.
///
/// What a batch holds is a pure function of epoch and batch number.
public protocol BatchSource: Sendable {
  /// The type of one sample in every column.
  var columns: [ColumnType] { get }
  /// The number of batches in an epoch.
  var batchCount: Int { get }
  /// The number of samples of a full batch.
  var batchSize: Int { get }

  /// Returns the number of samples in a batch; the last may be smaller than the others.
  func sampleCount(ofBatch batch: Int) -> Int

  /// Writes the samples of a batch, one buffer per column, row after row.
  ///
  /// - Throws: `DataError` for a batch out of range or buffers of the wrong number or size.
  func load(
    epoch: Int, batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws
}

/// One batch as tensors.
public struct Batch: Sendable {
  public let epoch: Int
  public let index: Int
  public let columns: [ColumnType]
  /// One tensor per column: `[samples, …]`.
  public let tensors: [Tensor]

  /// The first column; a failed tensor when there is none.
  public var inputs: Tensor { tensors.first ?? Self.failed("the batch has no columns") }
  /// The second column, or the first when it is the only one (an autoencoder's target).
  public var targets: Tensor { tensors.count > 1 ? tensors[1] : inputs }

  /// The tensor of a column, or `nil` when there is none of that name.
  public subscript(name: String) -> Tensor? {
    columns.firstIndex { $0.name == name }.map { tensors[$0] }
  }

  fileprivate static func failed(_ reason: String) -> Tensor {
    Tensor(error: TensorError(operation: "batch", reason: reason))
  }
}

extension BatchSource {
  /// Returns a batch as tensors.
  ///
  /// - Throws: `DataError` for a batch out of range, or when memory is short.
  public func batch(epoch: Int, index: Int) throws -> Batch {
    let count = sampleCount(ofBatch: index)
    guard (0..<1 << 32).contains(count) else {
      throw DataError("batch", .mismatch("batch \(index) has \(count) samples"))
    }
    let storages = try columns.map { column in
      if let violation = TensorType(column.dtype, [count] + column.shape).sizeViolation {
        throw DataError("batch", .mismatch("\"\(column.name)\": \(violation.reason)"))
      }
      guard let storage = Storage(uninitialized: count * column.byteCount) else {
        throw DataError(
          "batch",
          .refused(
            action: "allocate", reason: "no memory for \(count * column.byteCount) bytes"))
      }
      return storage
    }
    // The storages are not shared with anyone before they become tensors.
    let buffers = storages.map {
      UnsafeMutableRawBufferPointer(start: $0.pointer, count: $0.byteCount)
    }
    try withExtendedLifetime(storages) {
      try buffers.withUnsafeBufferPointer { try load(epoch: epoch, batch: index, into: $0) }
    }
    let tensors = zip(columns, storages).map { column, storage in
      Tensor(storage: storage, type: TensorType(column.dtype, [count] + column.shape))
    }
    return Batch(epoch: epoch, index: index, columns: columns, tensors: tensors)
  }

  /// Returns a batch as tensors, or failed tensors that carry the reason, such as lack of memory.
  func batchOrFailure(epoch: Int, index: Int) -> Batch {
    do { return try batch(epoch: epoch, index: index) } catch {
      let tensors = columns.map { _ in Batch.failed("\(error)") }
      return Batch(epoch: epoch, index: index, columns: columns, tensors: tensors)
    }
  }
}
