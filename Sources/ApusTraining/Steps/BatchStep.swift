import ApusCore
import ApusData
import ApusNN

/// A step with the memory of one batch, which a source fills directly.
final class BatchStep {
  let plan: StepPlan
  /// How many samples a batch has.
  let count: Int
  private let buffers: UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>
  private let unused: [Storage]
  private let copiesInput: Bool

  /// Makes room for batches of `columns`: the first is the input, the second the target.
  init(_ plan: StepPlan, count: Int, columns: [ColumnType]) throws(TensorError) {
    self.plan = plan
    self.count = count
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

  /// Fills the memory with a batch.
  func load(_ source: any BatchSource, epoch: Int, batch: Int) throws {
    try source.load(epoch: epoch, batch: batch, into: UnsafeBufferPointer(buffers))
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
