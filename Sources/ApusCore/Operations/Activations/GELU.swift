extension UnaryOperation {
  static let gelu = UnaryOperation("gelu", stableHLO: .formula(GELU.value)) { x, _, dy in
    BinaryOperation.geluGradient(dy, x)
  }
  static let geluTanh = UnaryOperation(
    "geluTanh", stableHLO: .formula(GELU.tanhValue), instruction: "gelu_tanh"
  ) { x, _, dy in BinaryOperation.geluTanhGradient(dy, x) }
}

extension BinaryOperation {
  /// `dy·(Φ(x) + x·φ(x))`, with the normal distribution Φ and its density φ; operands `dy`, `x`.
  static let geluGradient = BinaryOperation(
    "geluGradient", stableHLO: .composed { $0[0] * GELU.slope($0[1]) },
    instruction: "gelu_grad", on: .floating
  ) { dy, x, _, upstream in
    let density = (1 / (2 * Double.pi).squareRoot()) * (-0.5 * x * x).exp()
    let distribution = 0.5 * (1 + (0.5.squareRoot() * x).erf())
    let ddy = upstream * (distribution + x * density)
    return (ddy, upstream * dy * density * (2 - x * x))
  }

  /// `dy·(1 + t + x·(1 − t²)·w) / 2` with `z = √(2/π)·(x + 0.044715·x³)`, `t = tanh z` and `w = z′`;
  /// operands `dy`, `x`.
  static let geluTanhGradient = BinaryOperation(
    "geluTanhGradient", stableHLO: .composed { $0[0] * GELU.tanhSlope($0[1]) },
    instruction: "gelu_tanh_grad", on: .floating
  ) { dy, x, _, upstream in
    let c = (2 / Double.pi).squareRoot()
    let t = (c * (x + 0.044715 * x * x * x)).tanh()
    let w = c * (1 + 0.134145 * x * x)
    let rest = 1 - t * t
    let ddy = 0.5 * upstream * (1 + t + x * rest * w)
    let bend = 2 * w - 2 * x * t * w * w + (0.26829 * c) * x * x
    return (ddy, 0.5 * upstream * dy * rest * bend)
  }
}

extension Tensor {
  /// Returns the Gaussian error linear unit `x·Φ(x) = x·(1 + erf(x/√2)) / 2`.
  ///
  /// - Source: Hendrycks and Gimpel 2016, section 2.
  public func gelu(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.gelu, file, line)
  }

  /// Returns the approximation `x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) / 2` of the GELU.
  ///
  /// - Source: Hendrycks and Gimpel 2016, section 2; GPT-2 uses it.
  public func geluTanh(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.geluTanh, file, line)
  }
}
