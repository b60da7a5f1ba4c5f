import ApusCore
import ApusData
import ApusNN

/// A step with the memory of one batch, which a source fills directly.
final class BatchStep {
  let plan: StepPlan
  /// How many samples a batch has.
  let count: Int
  private let columns: [ColumnType]
  private let buffers: UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>
  private let unused: [Storage]
  private let copiesInput: Bool

  /// Makes room for batches of `columns`: the first is the input, the second the target.
  init(_ plan: StepPlan, count: Int, columns: [ColumnType]) throws(TensorError) {
    self.plan = plan
    self.count = count
    self.columns = columns
    var unused: [Storage] = []
    var memory: [UnsafeMutableRawBufferPointer] = []
    let needed = min(plan.inputs.count, 2)
    for (index, column) in columns.enumerated() {
      var storage = index < needed ? plan.inputs[index] : nil
      if storage == nil {
        let extra = try allocate(TensorType(column.dtype, [count] + column.shape))
        unused.append(extra)
        storage = extra
      }
      guard let storage else { continue }
      memory.append(
        UnsafeMutableRawBufferPointer(start: storage.pointer, count: count * column.byteCount))
    }
    self.unused = unused
    copiesInput = columns.count == 1 && plan.inputs.count > 1
    buffers = .allocate(capacity: memory.count)
    _ = buffers.initialize(from: memory)
  }

  deinit { buffers.deallocate() }

  /// Checks that the loaded batch holds no NaN, which would spread to every parameter.
  func checkForNaN(operation: String, batch: Int) throws(TensorError) {
    for (column, memory) in zip(columns, buffers) {
      guard let place = column.firstNaN(in: UnsafeRawBufferPointer(memory)) else { continue }
      let row = place / max(column.shape.reduce(1, *), 1)
      throw TensorError(
        operation: operation,
        reason: "the data hold NaN: column \(column.name), sample \(row) of batch \(batch)",
        operands: [.init(name: column.name, type: TensorType(column.dtype, [count] + column.shape))]
      )
    }
  }

  /// Fills the memory with the feed's next batch, which has number `batch`.
  func load(_ feed: BatchFeed, batch: Int) throws {
    try feed.load(batch: batch, into: UnsafeBufferPointer(buffers))
    if copiesInput, let first = buffers.first, let base = first.baseAddress {
      plan.inputs[1].pointer.copyMemory(from: base, byteCount: first.count)
    }
  }
}

/// Steps by the number of samples, made when first needed: full batches, and the last one.
final class BatchSteps {
  private var made: [Int: BatchStep] = [:]
  private var recent: BatchStep?
  private let make: (Int) throws -> BatchStep

  init(_ make: @escaping (Int) throws -> BatchStep) { self.make = make }

  /// The step for batches of `count` samples.
  func step(_ count: Int) throws -> BatchStep {
    if let recent, recent.count == count { return recent }
    guard (1..<1 << 32).contains(count) else {
      throw TensorError(operation: "fit", reason: "a batch has \(count) samples")
    }
    let step = try made[count] ?? make(count)
    made[count] = step
    recent = step
    return step
  }
}

extension BatchSource {
  /// The type of a batch's input.
  func inputType(_ count: Int) -> TensorType {
    columns.first.map { TensorType($0.dtype, [count] + $0.shape) } ?? TensorType(.float32, [0])
  }

  /// The type of a batch's target: the second column, or the only one.
  func targetType(_ count: Int) -> TensorType {
    columns.count > 1
      ? TensorType(columns[1].dtype, [count] + columns[1].shape) : inputType(count)
  }

  /// The number of samples in an epoch.
  var sampleCount: Int {
    guard batchCount > 0 else { return 0 }
    return (batchCount - 1).timesClamped(batchSize)
      .plusClamped(sampleCount(ofBatch: batchCount - 1))
  }
}

extension ColumnType {
  /// The position of the first NaN among elements of this column's dtype.
  fileprivate func firstNaN(in bytes: UnsafeRawBufferPointer) -> Int? {
    switch dtype {
    case .float32: bytes.assumingMemoryBound(to: Float.self).firstNaN
    case .float64: bytes.assumingMemoryBound(to: Double.self).firstNaN
    case .float16: bytes.assumingMemoryBound(to: Float16.self).firstNaN
    case .bfloat16: bytes.assumingMemoryBound(to: BFloat16.self).firstIndex { $0.float.isNaN }
    case .int32, .int64, .uint8, .bool: nil
    }
  }
}

extension UnsafeBufferPointer where Element: BinaryFloatingPoint {
  fileprivate var firstNaN: Int? {
    // A sum is quick to take and is NaN if an element is; infinities decide nothing.
    var sum: Element = 0
    for value in self { sum += value * 0 }
    return sum.isNaN ? firstIndex { $0.isNaN } : nil
  }
}
