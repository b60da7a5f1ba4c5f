import ApusCore
import ApusNN

/// Fully connected layers one after the other; the last without activation.
///
/// - Shape: `x[N, d…] → logits[N, sizes.last]`; axes after the first are joined.
public final class MLP: Layer {
  public let layers: [Dense]

  /// Creates a network.
  ///
  /// - Parameter sizes: The widths of the layers; the input's is taken from the first input, unless
  ///   `inputs` gives it.
  public init(_ sizes: [Int], inputs: Int? = nil, activation: Activation = .relu) {
    layers = sizes.enumerated().map { index, size in
      Dense(
        size, inputs: index == 0 ? inputs : nil,
        activation: index == sizes.count - 1 ? .linear : activation)
    }
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(!layers.isEmpty, "needs at least one size")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let rows = x.rank > 2 ? x.flattened(from: 1) : x
    return layers.reduce(rows) { $1($0) }
  }
}

/// The network 4-30-16-3 for the iris data.
///
/// - Shape: `x[N, 4] → logits[N, 3]`.
public final class IrisNet: Layer {
  public let hidden1 = Dense(30, inputs: 4, activation: .relu)
  public let hidden2 = Dense(16, activation: .relu)
  public let output = Dense(3)

  public init() {}

  public func forward(_ x: Tensor, _ context: Context) -> Tensor { output(hidden2(hidden1(x))) }
}
