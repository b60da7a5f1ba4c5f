import ApusCore
import Synchronization

/// A compiled function that carries tensors from call to call and updates them where they lie.
///
/// Where a ``compile(_:)``d step would give new state each time, and copy it to change a little,
/// this one owns the memory of its state: a cached decoder writes one token into its caches instead
/// of copying them.
///
/// ```swift
/// let decode = try StatefulFunction(state: gpt.caches(batch: 1, capacity: 512).flatMap(\.tensors)) {
///   state, inputs in
///   var caches = KeyValueCache.list(of: state)
///   let logits = gpt.step(inputs[0], caches: &caches)
///   return (caches.flatMap(\.tensors), [logits])
/// }
/// let logits = try decode([token])[0]
/// ```
/// Traced once per signature of its inputs. Safe from several tasks: calls take turns. After an error
/// of the data the state is undefined: ``reset(to:)`` gives it values again.
public final class StatefulFunction: Sendable {
  private let function: @Sendable ([Tensor], [Tensor]) -> (state: [Tensor], results: [Tensor])
  private let held: HeldState
  private let traces = Mutex<[TraceKey: CompiledTrace]>([:])

  /// - Parameters:
  ///   - state: The first values.
  ///   - function: Computes the next state, of the same types, and results from state and inputs.
  public init(
    state: [Tensor],
    _ function:
      @escaping @Sendable (_ state: [Tensor], _ inputs: [Tensor]) -> (
        state: [Tensor], results: [Tensor]
      )
  ) throws(TensorError) {
    self.function = function
    let storages = try StatefulFunction.storages(of: state)
    held = HeldState(
      storages, types: state.map(\.type), isWritten: Array(repeating: true, count: state.count))
  }

  /// The values after the last call; they stay as they are when the function is called again.
  public var state: [Tensor] { held.types.indices.map { held.tensor(at: $0) } }

  /// How many signatures have been traced.
  public var traceCount: Int { traces.withLock { $0.count } }

  /// Sets the state to other values of the same types.
  public func reset(to state: [Tensor]) throws(TensorError) {
    try check(state)
    for (index, storage) in try StatefulFunction.storages(of: state).enumerated() {
      held.replace(index, by: storage)
    }
  }

  /// Runs the function: evaluates the inputs, moves the state on, returns evaluated results.
  public func callAsFunction(_ inputs: [Tensor]) throws(TensorError) -> [Tensor] {
    let given = try StatefulFunction.storages(of: inputs)
    let trace = try trace(for: inputs.map(\.type))
    let outputs = try trace.results.map { type throws(TensorError) in
      try allocate(type, for: trace.plan)
    }
    let others = given + trace.captures + outputs
    let failure: TensorError? = held.contents.withLock { contents in
      do throws(TensorError) {
        try contents.reclaim()
        contents.isRewritten = true
        try run(
          trace.plan, contents.storages + others, stateCount: contents.storages.count,
          contents: trace.contents)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
    return zip(outputs, trace.results).map { Tensor(storage: $0, type: $1) }
  }

  /// Returns what a call on inputs of these types runs, traced now unless it is known.
  public func plan(for inputs: [TensorType]) throws(TensorError) -> PlanReport {
    try trace(for: inputs).plan.told()
  }

  private func trace(for types: [TensorType]) throws(TensorError) -> CompiledTrace {
    let key = try TraceKey(types)
    if let known = traces.withLock({ $0[key] }) { return known }
    let places = held.types.map { Tensor.placeholder($0) }
    let arguments = types.map { Tensor.placeholder($0) }
    let traced = function(places, arguments)
    try check(traced.state)
    var options = CompileOptions()
    for place in places.indices { options.donations[place] = place }
    let trace = try CompiledTrace(
      traced.state + traced.results, arguments: places + arguments, results: traced.results,
      options: options)
    traces.withLock { $0[key] = trace }
    return trace
  }

  private func check(_ state: [Tensor]) throws(TensorError) {
    for tensor in state { if let error = tensor.error { throw error } }
    guard state.map(\.type) == held.types else {
      throw TensorError(
        operation: "StatefulFunction",
        reason: "the state is \(held.types), the next one \(state.map(\.type))")
    }
  }

  private static func storages(of tensors: [Tensor]) throws(TensorError) -> [Storage] {
    try eval(tensors)
    return try tensors.map { x throws(TensorError) in try x.evaluatedStorage() }
  }
}
