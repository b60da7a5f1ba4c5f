import Synchronization

/// A function of tensors traced once per signature of its arguments and then run as one plan.
///
/// Tensors that the closure captures are part of the plan: their values are those at tracing.
public final class CompiledFunction: Sendable {
  private let function: @Sendable ([Tensor]) -> [Tensor]
  private let traces = Mutex<[TraceKey: CompiledTrace]>([:])

  init(_ function: @escaping @Sendable ([Tensor]) -> [Tensor]) { self.function = function }

  /// Runs the function: evaluates the arguments, and returns evaluated results.
  public func callAsFunction(_ arguments: [Tensor]) throws(TensorError) -> [Tensor] {
    try eval(arguments)
    let trace = try trace(for: arguments.map(\.type))
    let inputs = try arguments.map { x throws(TensorError) in try x.evaluatedStorage() }
    let outputs = try trace.results.map { type throws(TensorError) in
      try allocate(type, for: trace.plan)
    }
    try run(trace.plan, inputs + trace.captures + outputs, contents: trace.contents)
    return zip(outputs, trace.results).map { Tensor(storage: $0, type: $1) }
  }

  /// Runs the function on separate arguments.
  public func callAsFunction(_ arguments: Tensor...) throws(TensorError) -> [Tensor] {
    try callAsFunction(arguments)
  }

  /// Returns what a call on arguments of these types runs, traced now unless it is known.
  public func plan(for arguments: [TensorType]) throws(TensorError) -> PlanReport {
    try trace(for: arguments).plan.told()
  }

  /// How many signatures have been traced.
  public var traceCount: Int { traces.withLock { $0.count } }

  private func trace(for types: [TensorType]) throws(TensorError) -> CompiledTrace {
    let key = try TraceKey(types)
    if let known = traces.withLock({ $0[key] }) { return known }
    let arguments = types.map { Tensor.placeholder($0) }
    let results = function(arguments)
    let trace = try CompiledTrace(results, arguments: arguments, results: results)
    traces.withLock { $0[key] = trace }
    return trace
  }
}

/// What a function is traced for: the executor, and the types of its arguments.
package struct TraceKey: Hashable, Sendable {
  let executor: String
  let types: [TensorType]

  package init(_ types: [TensorType]) throws(TensorError) {
    executor = try Executors.current().name
    self.types = types
  }
}

/// A function traced for one signature: its plan and what it captured.
package struct CompiledTrace: Sendable {
  package let plan: any Executable
  /// What the plan is given after the arguments.
  package let captures: [Storage]
  /// The types of the results that the plan writes to memory of their own.
  package let results: [TensorType]
  /// Names what the captures that decide the plan's standing values hold. Held here, nobody writes
  /// into them.
  package let contents: [UInt64]

  /// Compiles `outputs`, the last of which are `results`.
  package init(
    _ outputs: [Tensor], arguments: [Tensor], results: [Tensor],
    options given: CompileOptions = CompileOptions()
  ) throws(TensorError) {
    try eval(standing(outputs))
    let captured = try Graph.capture(outputs, inputs: arguments)
    var options = given
    options.standing = Set(captured.leaves.indices.dropFirst(arguments.count))
    plan = try PlanCache.shared.plan(for: captured.graph, options: options)
    let captures = captured.leaves.dropFirst(arguments.count)
      .compactMap { $0.node.storage(of: $0.result) }
    self.captures = captures
    contents = plan.standingInputs.map { captures[$0 - arguments.count].contents }
    self.results = results.map(\.type)
  }
}

/// Returns what a function computes with kernels from captured tensors alone, the same in every run:
/// parameters that nobody has evaluated yet, whose first values would be drawn again and again.
package func standing(_ results: [Tensor]) -> [Tensor] {
  // Not the views of them: plans follow strides, and others look at the same values otherwise.
  borderTensors(of: results) { $0.isTraced }.map(viewed).filter { tensor in
    guard tensor.error == nil, !tensor.node.isKnown else { return false }
    return topologicalOrder(of: [tensor], until: \.isKnown).contains { node in
      !node.isKnown && (node.operation.cpu == .kernel || node.operation.cpu == .decomposition)
    }
  }
}

/// What a chain of views looks at.
private func viewed(_ tensor: Tensor) -> Tensor {
  var tensor = tensor
  while !tensor.node.isKnown, tensor.node.operation.cpu == .view {
    let operands = tensor.node.operands
    guard operands.count == 1 else { break }
    tensor = operands[0]
  }
  return tensor
}

/// Returns a function that runs as one plan per signature of its arguments.
///
/// ```swift
/// let step = compile { [$0[0] * 2 + $0[1]] }
/// let y = try step(a, b)[0]
/// ```
public func compile(_ function: @escaping @Sendable ([Tensor]) -> [Tensor]) -> CompiledFunction {
  CompiledFunction(function)
}
