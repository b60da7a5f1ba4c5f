import ApusCore

/// An activation as a layer; written in ``Sequential`` as the activation itself.
///
/// - Shape: that of the activation: `x[…] → y[…]` for elementwise ones.
public final class ActivationLayer: Layer, CustomStringConvertible {
  public let activation: Activation
  public init(_ activation: Activation) { self.activation = activation }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { activation(x) }
  public var description: String { activation.name }
}

/// The exponentials of an axis, divided by their sum: `y = eˣ / Σ eˣ`.
///
/// - Shape: `x[…] → y[…]`, of rank 1 or more.
/// - Source: Bridle 1990.
public final class Softmax: Layer, CustomStringConvertible {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.softmax(axis: axis, file: at.file, line: at.line)
  }
  public var description: String { "Softmax(axis \(axis))" }
}

/// The first half of an axis times a function of the second half: `y = a · gate(b), x = [a, b]`.
///
/// The gate makes the variant: the sigmoid the GLU, `.silu` the SwiGLU, `.gelu` the GEGLU.
/// - Shape: `x[…, 2n, …] → y[…, n, …]`.
/// - Source: Dauphin et al. 2016, equation 1; Shazeer 2020.
public final class GLU: Layer, CustomStringConvertible {
  public let axis: Int
  public let gate: Activation
  public init(axis: Int = -1, gate: Activation = .sigmoid) {
    self.axis = axis
    self.gate = gate
  }
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return x.gated(axis: axis, file: at.file, line: at.line) { gate($0) }
  }
  public var description: String { "GLU(\(gate))" }
}
