import ApusCore

/// A weight split into length and direction, each trained by itself.
///
///     weight = g · v / ‖v‖
///
/// ```swift
/// let layer = Conv2D(32, kernel: 3).deriving(\.weight, by: WeightNorm())
/// ```
/// `‖v‖` is the Euclidean norm over all axes but `axis`, one for each output; without an axis, the
/// norm of the whole weight. Training starts at the weight that the layer would have had.
///
/// - Shape: `g[1, …, n, …, 1], v[…] → weight[…]`, `n` being the extent of `axis`; `g[]` without one.
/// - Parameters held: `weight_g`, `weight_v`, as by PyTorch's `utils.weight_norm`; its
///   `parametrizations.weight_norm` calls them `original0` and `original1`.
/// - Source: Salimans and Kingma 2016, equation 2.
public final class WeightNorm: Module, Derivation, CustomStringConvertible {
  public let axis: Int?
  public let g = Parameter()
  public let v = Parameter()

  public init(axis: Int? = 0) { self.axis = axis }

  public func start(from weight: Tensor) throws(Violation) {
    if weight.error == nil {
      try require(
        weight.dtype.isFloating, "weight norm needs a floating weight, not \(weight.dtype)")
      if let axis { _ = try weight.shape.normalized(axis: axis) }
    }
    try g.allocate(norm(of: weight))
    try v.allocate(weight)
  }

  public func value(_ context: Context) -> Tensor {
    let v = v.value
    return v * (g.value / norm(of: v))
  }

  private func norm(of v: Tensor) -> Tensor {
    guard let axis else { return v.norm() }
    let place = axis < 0 ? axis + v.rank : axis
    return v.norm(axes: (0..<v.rank).filter { $0 != place }, keepingAxes: true)
  }

  public var description: String { "WeightNorm(\(axis.map { "axis \($0)" } ?? "whole"))" }
}
