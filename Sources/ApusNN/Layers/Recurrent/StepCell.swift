import ApusCore

/// One step of a recurrent network: maps an input and a state to an output and the next state.
///
/// ``RNNLoop`` runs any cell over sequences, a user's own too:
///
/// ```swift
/// final class LeakyCell: StepCell {
///   let gain = Dense(8, activation: .tanh)
///   func initialState(for x: TensorType) -> [Tensor] { [.zeros([x[0], 8], dtype: x.dtype)] }
///   func step(
///     _ x: Tensor, _ state: [Tensor], _ context: Context
///   ) -> (output: Tensor, state: [Tensor]) {
///     let h = state[0] * 0.9 + gain(x) * 0.1
///     return (h, [h])
///   }
/// }
/// ```
/// - Shape: `x[N, F], state… → output[N, …], state…` of the same types.
public protocol StepCell: Module {
  /// Sets the shapes of parameters from the type of one step's input.
  func build(for x: TensorType) throws(Violation)

  /// The state that a sequence of such inputs begins with.
  func initialState(for x: TensorType) -> [Tensor]

  /// Computes a step. Call cells as functions, `cell(x, state)`, not through this.
  func step(_ x: Tensor, _ state: [Tensor], _ context: Context)
    -> (output: Tensor, state: [Tensor])
}

extension StepCell {
  public func build(for x: TensorType) throws(Violation) {}

  /// Computes a step from a state, the initial one unless given.
  public func callAsFunction(
    _ x: Tensor, _ state: [Tensor]? = nil, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> (output: Tensor, state: [Tensor]) {
    let given = [x] + (state ?? [])
    if let failed = given.first(where: { $0.error != nil }) {
      return (failed, (state ?? [x]).map { _ in failed })
    }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) { try build(for: x.type) } catch {
        let failed = refused("\(Self.self)", error, [("input", x)])
        return (failed, (state ?? [failed]).map { _ in failed })
      }
      let result = step(x, state ?? initialState(for: x.type), context)
      context.observe(self, output: result.output)
      return result
    }
  }
}

/// A cell with the weights of a recurrent layer: ``RNNCell``, ``LSTMCell`` or ``GRUCell``.
public protocol RecurrentStepCell: StepCell {
  var weights: RecurrentWeights { get }
}

extension RecurrentStepCell {
  public var units: Int { weights.units }

  public func build(for x: TensorType) throws(Violation) {
    try require(units > 0, "\(units) units are not a positive number")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    try require(x.rank == 2, "needs one step of rank 2, samples and features, not rank \(x.rank)")
    try require(x[1] > 0, "the input has no features")
    try weights.allocate(x.dtype, features: x[1])
  }

  public func initialState(for x: TensorType) -> [Tensor] {
    (0..<weights.cell.stateCount).map { _ in .zeros([x[0], units], dtype: x.dtype) }
  }

  public func step(
    _ x: Tensor, _ state: [Tensor], _ context: Context
  ) -> (output: Tensor, state: [Tensor]) {
    let expected = x.type.with(shape: [x.shape[0], units])
    let count = weights.cell.stateCount
    guard state.count == count, state.allSatisfy({ $0.type == expected }) else {
      let types = state.map { "\($0.type)" }.joined(separator: ", ")
      let reason = "needs \(count) states of \(expected), not [\(types)]"
      let failed = refused("\(Self.self)", Violation(reason), [("input", x)])
      return (failed, (0..<count).map { _ in failed })
    }
    let next = weights.step(x, state, at: .ofLayer)
    return (next[0], next)
  }

  public var description: String {
    "\(Self.self)(\(weights.inputWeight.type.map { "\($0[1])" } ?? "?") → \(units))"
  }
}

extension ModuleContainer where Self: RecurrentStepCell {
  var namedContents: [(label: String, value: Any)] {
    weights.all.enumerated().map { ("\($0)", $1) }
  }
}
