/// Computes the values of tensors that have none yet, all in one plan.
///
/// - Throws: The error of the first failed tensor; a data error such as an index out of range.
public func eval(_ tensors: Tensor...) throws(TensorError) { try eval(tensors) }

/// Computes the values of tensors that have none yet, all in one plan.
public func eval(_ tensors: [Tensor]) throws(TensorError) {
  for tensor in tensors { if let error = tensor.error { throw error } }
  var pending: [Tensor] = []
  var seen: Set<TensorID> = []
  for tensor in tensors
  where !tensor.isEvaluated && seen.insert(TensorID(tensor)).inserted {
    pending.append(tensor)
  }
  if pending.isEmpty { return }
  let captured = try Graph.capture(pending)
  var options = CompileOptions()
  options.watchesNonFinite = Debugging.watchesNonFinite
  let plan = try PlanCache.shared.plan(for: captured.graph, options: options)
  let inputs = captured.leaves.compactMap { $0.node.storage(of: $0.result) }
  let outputs = try pending.map { x throws(TensorError) in try allocate(x.type, for: plan) }
  try run(plan, inputs + outputs)
  for (tensor, storage) in zip(pending, outputs) {
    tensor.node.realize(tensor.result, storage)
  }
}

/// Allocates room for a value, or tells how much was asked for.
package func allocate(_ type: TensorType) throws(TensorError) -> Storage {
  guard let storage = Storage(uninitialized: type.byteCount) else {
    throw TensorError(operation: "eval", reason: "no memory for \(type): \(type.byteCount) bytes")
  }
  return storage
}

/// Makes room for a result of a plan: memory of the host where it runs there.
package func allocate(
  _ type: TensorType, for plan: any Executable
) throws(TensorError) -> Storage {
  plan.onDevice == nil ? try allocate(type) : Storage(awaiting: type.byteCount)
}

/// Runs a plan on storages, where it runs.
///
/// - Parameter stateCount: How many storages, the first ones, the plan may overwrite.
package func run(
  _ plan: any Executable, _ storages: [Storage], stateCount: Int = 0, contents: [UInt64] = []
) throws(TensorError) {
  if let plan = plan.onDevice { return try plan.run(on: storages, refreshed: 0..<0) }
  let pointers = try storages.enumerated().map { index, storage throws(TensorError) in
    index < stateCount ? try storage.onHostAlone() : try storage.onHost()
  }
  try withExtendedLifetime(storages) { () throws(TensorError) in
    try run(plan, pointers, contents: contents)
  }
}

private func run(
  _ plan: any Executable, _ pointers: [UnsafeMutableRawPointer], contents: [UInt64]
) throws(TensorError) {
  // `withUnsafeBufferPointer` does not carry typed errors.
  let outcome: Result<Void, TensorError> = pointers.withUnsafeBufferPointer { buffer in
    contents.withUnsafeBufferPointer { contents in
      do throws(TensorError) { return .success(try plan.run(buffer, contents: contents)) } catch {
        return .failure(error)
      }
    }
  }
  try outcome.get()
}

/// Switches that help to find mistakes, at a cost in speed.
public enum Debugging {
  /// Whether evaluation reports the first operation whose result holds NaN or infinity.
  @TaskLocal public static var watchesNonFinite = false
}
