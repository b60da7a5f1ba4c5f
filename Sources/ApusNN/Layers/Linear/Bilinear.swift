import ApusCore

/// A product of two inputs with a matrix for each output: `y_o = x1ᵀ · weight_o · x2 + bias_o`.
///
/// ```swift
/// let score = Bilinear(1)
/// let y = score(question, answer)
/// ```
/// - Shape: `x1[batch…, in1], x2[batch…, in2] → y[batch…, units]`.
/// - Parameters held: `weight [units, in1, in2]`, `bias [units]`, both uniform in `±1/√in1` unless
///   given.
/// - Source: PyTorch, `torch.nn.Bilinear`.
public final class Bilinear: Module, CustomStringConvertible {
  public let units: Int
  public let weight: Parameter
  public let bias: Parameter?
  private let isDefault: Bool

  public init(_ units: Int, useBias: Bool = true, weight: Initializer? = nil) {
    self.units = units
    isDefault = weight == nil
    self.weight = Parameter(weight ?? .zeros)
    bias = useBias ? Parameter(.zeros) : nil
  }

  /// Multiplies two inputs.
  public func callAsFunction(
    _ x1: Tensor, _ x2: Tensor, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    for x in [x1, x2] where x.error != nil { return x }
    return scoped(context, file: file, line: line) { context in
      let at = CallSite(file: file, line: line)
      do throws(Violation) { try build(x1.type, x2.type) } catch {
        return refusal(error.reason, [("x1", x1), ("x2", x2)], at)
      }
      let (n, m) = (x1.shape[-1], x2.shape[-1])
      let rows = x1.shape.dims.dropLast().reduce(1, *)
      // [rows, in1] · [in1, units · in2], then a row against each of its matrices.
      let table = weight.value.transposed(permutation: [1, 0, 2]).reshaped(to: [n, units * m])
      let left = matmul(x1.reshaped(to: [rows, n]), table, file: file, line: line)
      let right = x2.reshaped(to: [rows, 1, m])
      var y = (left.reshaped(to: [rows, units, m]) * right).sum(axes: [2])
      if let bias { y = y + bias.value }
      let result = y.reshaped(to: x1.shape.dims.dropLast() + [units])
      context.observe(self, output: result)
      return result
    }
  }

  private func build(_ x1: TensorType, _ x2: TensorType) throws(Violation) {
    try require(units > 0, "\(units) units are not a positive number")
    try require(x1.dtype.isFloating, "needs a floating dtype, not \(x1.dtype)")
    try require(x1.dtype == x2.dtype, "dtypes differ: x1 is \(x1.dtype), x2 is \(x2.dtype)")
    try require(x1.rank > 0 && x2.rank > 0, "needs inputs with a feature axis, not scalars")
    try require(
      x1.dims.dropLast() == x2.dims.dropLast(),
      "batch axes differ: x1 is \(x1.shape), x2 is \(x2.shape)")
    let shape = Shape([units, x1[-1], x2[-1]])
    try TensorType(x1.dtype, shape).checkSize("the weight")
    if let held = weight.type?.shape {
      try require(
        held == shape,
        "takes \(held[1]) and \(held[2]) features, the inputs have \(x1[-1]) and \(x2[-1])")
    }
    guard isDefault else {
      try weight.allocate(x1.dtype, shape)
      try bias?.allocate(x1.dtype, [units])
      return
    }
    let limit = 1 / Double(max(x1[-1], 1)).squareRoot()
    try weight.allocate(x1.dtype, shape, from: .uniform(-limit...limit))
    try bias?.allocate(x1.dtype, [units], from: .uniform(-limit...limit))
  }

  public var description: String {
    "Bilinear(\(weight.type.map { "\($0[1]), \($0[2])" } ?? "?") → \(units))"
  }
}
