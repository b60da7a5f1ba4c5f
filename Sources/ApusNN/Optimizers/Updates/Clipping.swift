import ApusCore

/// Limits gradients before the update.
public enum GradientClipping: Sendable, Hashable {
  /// Every element to `-limit...limit`.
  case value(Double)
  /// Each gradient's Euclidean norm to `limit`.
  case norm(Double)
  /// The Euclidean norm of all gradients together to `limit`.
  case globalNorm(Double)

  private var limit: Double {
    switch self {
    case .value(let limit), .norm(let limit), .globalNorm(let limit): limit
    }
  }

  func check() throws(TensorError) {
    if limit >= 0 { return }
    throw TensorError(
      operation: "clip", reason: "the limit \(limit) is not a number from 0",
      layerPath: LayerScope.current?.path, site: LayerScope.current?.site)
  }

  /// Returns the limited gradients; failed tensors when the limit is negative or NaN.
  ///
  /// Norms are those of PyTorch's `clip_grad_norm_`: the factor is `limit / (norm + 1e-6)`.
  public func callAsFunction(_ gradients: [Tensor]) -> [Tensor] {
    func squares(_ x: Tensor) -> Tensor {
      x.converted(to: x.dtype == .float64 ? .float64 : .float32).square().sum()
    }
    func scaled(_ x: Tensor, _ sumOfSquares: Tensor, _ limit: Double) -> Tensor {
      let factor = (limit / (sumOfSquares.sqrt() + 1e-6)).clamped(to: 0...1)
      return x * factor.converted(to: x.dtype)
    }
    do throws(TensorError) { try check() } catch {
      let failed = Tensor(error: error)
      return gradients.map { $0.error == nil ? failed : $0 }
    }
    if limit == .infinity { return gradients }
    switch self {
    case .value(let limit):
      return gradients.map { $0.clamped(to: -limit...limit) }
    case .norm(let limit):
      return gradients.map { scaled($0, squares($0), limit) }
    case .globalNorm(let limit):
      guard let first = gradients.first else { return [] }
      let total = gradients.dropFirst().reduce(squares(first)) {
        $0 + squares($1).converted(to: $0.dtype)
      }
      return gradients.map { scaled($0, total, limit) }
    }
  }
}
