import ApusCore

/// Two dense layers on every position: `y = activation(x·W₁ᵀ + b₁)·W₂ᵀ + b₂`.
///
/// - Shape: `x[…, width] → y[…, width]`.
/// - Parameters held: `linear1.weight [hidden, width]`, `linear1.bias [hidden]`,
///   `linear2.weight [width, hidden]`, `linear2.bias [width]` (weights Glorot uniform, biases zeros).
/// - Source: Vaswani et al. 2017, section 3.3.
public final class FeedForward: Layer, RenamingParts, CustomStringConvertible {
  public let hidden: Int
  /// The share of hidden elements dropped in training.
  public let dropoutRate: Double
  let expand: Dense
  let contract: Dense
  let dropout: Dropout
  public let partNames: [String: String]

  public convenience init(
    _ width: Int, hidden: Int, activation: Activation = .relu, dropoutRate: Double = 0,
    useBias: Bool = true
  ) {
    self.init(
      width, hidden: hidden, activation: activation, dropoutRate: dropoutRate, useBias: useBias,
      names: ("linear1", "linear2"))
  }

  init(
    _ width: Int, hidden: Int, activation: Activation, dropoutRate: Double, useBias: Bool = true,
    names: (String, String)
  ) {
    self.hidden = hidden
    self.dropoutRate = dropoutRate
    expand = Dense(hidden, activation: activation, useBias: useBias)
    contract = Dense(width, useBias: useBias)
    dropout = Dropout(dropoutRate)
    partNames = ["expand": names.0, "contract": names.1]
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireCount(hidden, "hidden units")
    try requireCount(contract.units, "units")
    try requireRate(dropoutRate)
    try require(
      x.rank > 0 && x[-1] == contract.units,
      "the input \(x) must be \(contract.units) wide")
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let h = dropout(expand(x, file: at.file, line: at.line), file: at.file, line: at.line)
    return contract(h, file: at.file, line: at.line)
  }

  public var description: String { "FeedForward(\(contract.units) → \(hidden))" }
}
