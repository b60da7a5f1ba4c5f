import ApusCore

/// An elementwise function between layers, by name.
///
/// ```swift
/// Dense(64, activation: .relu)
/// Dense(64, activation: Activation("square") { $0 * $0 })
/// Dense(64, activation: Activation(named: "leakyRelu(0.2)") ?? .relu)
/// ```
public struct Activation: Sendable, Hashable, CustomStringConvertible {
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  /// Creates an activation of one's own; the name tells activations apart.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  /// Applies the function.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  public var description: String { name }
  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Activation {
  /// `x`.
  public static let linear = Activation("linear") { $0 }
  /// 1 where `x > 0`, else 0; no gradient.
  public static let step = Activation("step") { $0.step() }
  /// `max(x, 0)`.
  public static let relu = Activation("relu") { $0.relu() }
  /// `min(max(x, 0), 6)`.
  public static let relu6 = Activation("relu6") { $0.relu6() }
  /// `1 / (1 + e⁻ˣ)`.
  public static let sigmoid = Activation("sigmoid") { $0.sigmoid() }
  /// `relu6(x + 3) / 6`.
  public static let hardSigmoid = Activation("hardSigmoid") { $0.hardSigmoid() }
  /// `log(sigmoid(x))`.
  public static let logSigmoid = Activation("logSigmoid") { $0.logSigmoid() }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { $0.tanh() }
  /// `x − tanh(x)`.
  public static let tanhShrink = Activation("tanhShrink") { $0.tanhShrink() }
  /// `x` where positive, else `eˣ − 1`.
  public static let elu = Activation("elu") { $0.elu() }
  /// The ELU with the scale and slope that keep mean 0 and variance 1.
  public static let selu = Activation("selu") { $0.selu() }
  /// `log(1 + eˣ)`.
  public static let softplus = Activation("softplus") { $0.softplus() }
  /// `x / (1 + |x|)`.
  public static let softsign = Activation("softsign") { $0.softsign() }
  /// `x · Φ(x)` with the exact distribution function.
  public static let gelu = Activation("gelu") { $0.gelu() }
  /// `x · Φ(x)` by the formula with tanh.
  public static let geluTanh = Activation("geluTanh") { $0.geluTanh() }
  /// `x · hardSigmoid(x)`.
  public static let hardSwish = Activation("hardSwish") { $0.hardSwish() }
  /// `x · sigmoid(x)`, also called swish.
  public static let silu = Activation("silu") { $0.silu() }
  /// `x · tanh(softplus(x))`.
  public static let mish = Activation("mish") { $0.mish() }
  /// Softmax over the last axis.
  public static let softmax = Activation("softmax") { $0.softmax() }
  /// Softmax of `−x` over the last axis.
  public static let softmin = Activation("softmin") { (-$0).softmax() }
  /// The logarithm of the softmax over the last axis.
  public static let logSoftmax = Activation("logSoftmax") { $0.logSoftmax() }
  /// The first half of the last axis times the sigmoid of the second, half as wide.
  public static let glu = Activation("glu") { $0.gated() }
  /// The first half of the last axis times the SiLU of the second, half as wide.
  public static let swiGLU = Activation("swiGLU") { $0.gated { $0.silu() } }
  /// The first half of the last axis times the GELU of the second, half as wide.
  public static let geGLU = Activation("geGLU") { $0.gated { $0.gelu() } }

  /// Every activation without arguments, and the others with their usual ones; the list that
  /// command lines and tests walk.
  public static let all: [Activation] = [
    linear, step, relu, relu6, sigmoid, hardSigmoid, logSigmoid, tanh, tanhShrink, elu, selu,
    softplus, softsign, gelu, geluTanh, silu, hardSwish, mish, softmax, softmin, logSoftmax, glu,
    swiGLU, geGLU, leakyRelu(), celu(), hardTanh(), hardShrink(), softShrink(), threshold(),
  ]
}
