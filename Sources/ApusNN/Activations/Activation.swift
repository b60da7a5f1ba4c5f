import ApusCore

/// An elementwise function between layers, by name.
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
  public static let relu = Activation("relu") { $0.relu() }
  public static let relu6 = Activation("relu6") { $0.relu6() }
  public static let sigmoid = Activation("sigmoid") { $0.sigmoid() }
  public static let hardSigmoid = Activation("hardSigmoid") { $0.hardSigmoid() }
  public static let tanh = Activation("tanh") { $0.tanh() }
  public static let elu = Activation("elu") { $0.elu() }
  public static let selu = Activation("selu") { $0.selu() }
  public static let softplus = Activation("softplus") { $0.softplus() }
  public static let softsign = Activation("softsign") { $0.softsign() }
  /// `x · Φ(x)` with the exact distribution function.
  public static let gelu = Activation("gelu") { $0.gelu() }
  /// `x · Φ(x)` by the formula with tanh.
  public static let geluTanh = Activation("geluTanh") { $0.geluTanh() }
  public static let hardSwish = Activation("hardSwish") { $0.hardSwish() }
  public static let silu = Activation("silu") { $0.silu() }
  public static let mish = Activation("mish") { $0.mish() }
  /// Softmax over the last axis.
  public static let softmax = Activation("softmax") { $0.softmax() }
  public static let logSoftmax = Activation("logSoftmax") { $0.logSoftmax() }

  public static func leakyRelu(slope: Double = 0.01) -> Activation {
    Activation("leakyRelu(\(slope))") { $0.leakyRelu(slope: slope) }
  }
  public static func elu(alpha: Double) -> Activation {
    Activation("elu(\(alpha))") { $0.elu(alpha: alpha) }
  }

  /// Every activation without arguments; the list that command lines and tests walk.
  public static let all: [Activation] = [
    linear, step, relu, relu6, sigmoid, hardSigmoid, tanh, elu, selu, softplus, softsign, gelu,
    geluTanh, silu, hardSwish, mish, softmax, logSoftmax, leakyRelu(),
  ]
}
