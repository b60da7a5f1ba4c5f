extension UnaryOperation {
  static let gelu = UnaryOperation("gelu") { x, _, dy in BinaryOperation.geluGradient(dy, x) }
  static let geluTanh = UnaryOperation("geluTanh", instruction: "gelu_tanh") { x, _, dy in
    let c = (2 / Double.pi).squareRoot()
    let t = (c * (x + 0.044715 * x * x * x)).tanh()
    let slope = c * (1 + 0.134145 * x * x)
    return 0.5 * dy * (1 + t + x * (1 - t * t) * slope)
  }
}

extension BinaryOperation {
  /// `dy·(Φ(x) + x·φ(x))`, with the normal distribution Φ and its density φ; operands `dy`, `x`.
  static let geluGradient = BinaryOperation(
    "geluGradient", instruction: "gelu_grad", on: .floating
  ) { dy, x, _, upstream in
    let density = (1 / (2 * Double.pi).squareRoot()) * (-0.5 * x * x).exp()
    let distribution = 0.5 * (1 + (0.5.squareRoot() * x).erf())
    let ddy = upstream * (distribution + x * density)
    return (ddy, upstream * dy * density * (2 - x * x))
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
