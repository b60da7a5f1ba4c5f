import ApusCore

/// How the weights of a recurrent layer start.
///
/// What is `nil` is drawn from `±1/√units`, as in PyTorch.
public struct RecurrentInitializers: Sendable, Hashable {
  /// Of `weight_ih [gates·units, in]`.
  public var input: Initializer?
  /// Of `weight_hh [gates·units, units]`.
  public var recurrent: Initializer?
  /// Of the biases and peepholes.
  public var bias: Initializer?

  public init(
    input: Initializer? = nil, recurrent: Initializer? = nil, bias: Initializer? = nil
  ) {
    self.input = input
    self.recurrent = recurrent
    self.bias = bias
  }
}

/// The parameters of one direction of one recurrent layer, or of a cell.
public struct RecurrentWeights: Sendable {
  let cell: RecurrentCell
  let units: Int
  let inputWeight: Parameter
  let recurrentWeight: Parameter
  let inputBias: Parameter?
  let recurrentBias: Parameter?
  let peepholes: Parameter?

  /// - Parameter suffix: Ends the parameters' names, such as `_l0_reverse`.
  init(
    _ cell: RecurrentCell, units: Int, suffix: String = "", useBias: Bool,
    initializers: RecurrentInitializers
  ) {
    self.cell = cell
    self.units = units
    let limit = 1 / Double(max(units, 1)).squareRoot()
    let uniform = Initializer.uniform(-limit...limit)
    func parameter(_ name: String, _ initializer: Initializer?) -> Parameter {
      Parameter(initializer ?? uniform, name: name + suffix)
    }
    inputWeight = parameter("weight_ih", initializers.input)
    recurrentWeight = parameter("weight_hh", initializers.recurrent)
    inputBias = useBias ? parameter("bias_ih", initializers.bias) : nil
    recurrentBias = useBias ? parameter("bias_hh", initializers.bias) : nil
    peepholes = cell.hasPeepholes ? parameter("weight_peephole", initializers.bias) : nil
  }

  var all: [Parameter] {
    [inputWeight, recurrentWeight] + [inputBias, recurrentBias, peepholes].compactMap { $0 }
  }

  /// Sets shapes for inputs of that many features; refuses others later.
  func allocate(_ dtype: DType, features: Int) throws(Violation) {
    if let held = inputWeight.type {
      try require(held[1] == features, "takes \(held[1]) features, the input has \(features)")
    }
    let gates = units.timesClamped(cell.gateCount)
    try allocate(inputWeight, dtype, [gates, features])
    try allocate(recurrentWeight, dtype, [gates, units])
    for bias in [inputBias, recurrentBias] { try allocate(bias, dtype, [gates]) }
    try allocate(peepholes, dtype, [3, units])
  }

  private func allocate(
    _ parameter: Parameter?, _ dtype: DType, _ shape: Shape
  ) throws(Violation) {
    try TensorType(dtype, shape).checkSize(parameter?.name ?? "a parameter")
    try parameter?.allocate(dtype, shape)
  }

  /// The part of the formula that needs no state: `x[…, F] → a[…, G·H]`.
  func input(_ x: Tensor, at site: CallSite) -> Tensor {
    let a = matmul(
      x, inputWeight.value.matrixTransposed(), file: site.file, line: site.line)
    guard cell.separatesProduct, let inputBias else { return a }
    return a + inputBias.value
  }

  /// What is added to the product of state and weight.
  ///
  /// Where input and product only meet in a sum, it holds both biases.
  func bias(like x: Tensor) -> Tensor {
    guard let inputBias, let recurrentBias else {
      return Tensor.zeros([units.timesClamped(cell.gateCount)], dtype: x.dtype)
    }
    return cell.separatesProduct ? recurrentBias.value : inputBias.value + recurrentBias.value
  }

  /// One step by itself: `x[N, F], states[N, H] → states`.
  func step(_ x: Tensor, _ states: [Tensor], at site: CallSite) -> [Tensor] {
    let product = matmul(
      states[0], recurrentWeight.value.matrixTransposed(), file: site.file, line: site.line)
    let step = RecurrentCell.Step(
      input: input(x, at: site), product: product + bias(like: x), states: states,
      peepholes: peepholes?.value)
    return cell.step(step).states
  }

  /// All steps: `x[T, N, F], states[N, H] → y[T, N, H]`.
  func run(
    _ x: Tensor, _ states: [Tensor], lengths: Tensor?, isReversed: Bool, at site: CallSite
  ) -> (y: Tensor, states: [Tensor]) {
    recurrentSequence(
      cell, input: input(x, at: site), weight: recurrentWeight.value, bias: bias(like: x),
      states: states, peepholes: peepholes?.value, lengths: lengths, isReversed: isReversed,
      at: site)
  }
}
