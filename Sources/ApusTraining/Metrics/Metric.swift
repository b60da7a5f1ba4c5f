import ApusCore
import ApusNN

/// A figure of merit: its mean over the samples of an epoch is reported.
public struct Metric: Sendable, CustomStringConvertible {
  /// The name in logs.
  public let name: String
  private let rule: @Sendable (Tensor, Tensor) -> Tensor

  /// Creates a metric.
  ///
  /// - Parameter rule: Returns the mean over a batch's samples of predictions and targets.
  public init(_ name: String, _ rule: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
    self.name = name
    self.rule = rule
  }

  /// Returns the mean over a batch.
  public func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    rule(prediction, target)
  }

  public var description: String { name }
}

extension Metric {
  /// The share of samples whose most likely class is the target's.
  ///
  /// - Shape: `prediction[N…, K]`; `target[N…]` of class numbers or `[N…, K]`.
  public static let accuracy = Metric("accuracy") { prediction, target in
    let hit = prediction.argmax(axis: -1, dtype: .int64) .== targetClasses(of: target)
    return hit.converted(to: .float32).mean()
  }

  /// The share of samples whose class is among the `count` most likely ones.
  public static func topK(_ count: Int) -> Metric {
    Metric("top\(count)") { prediction, target in
      let classes = Tensor.iota(prediction.shape, axis: -1, dtype: .int64)
      let isTarget = classes .== targetClasses(of: target).expanded(at: -1)
      let none = Tensor(0, like: prediction)
      let score = prediction.where(isTarget, else: none).sum(axes: [-1], keepingAxes: true)
      let ahead = (prediction .> score).converted(to: .float32).sum(axes: [-1])
      return (ahead .< Double(count)).converted(to: .float32).mean()
    }
  }

  /// The share of yes-no predictions, as logits, on the right side.
  public static let binaryAccuracy = Metric("accuracy") { logits, target in
    let truth = target.dtype == .bool ? target : target.converted(to: .float32) .> 0.5
    return ((logits .> 0) .== truth).converted(to: .float32).mean()
  }

  /// The mean absolute difference.
  public static let meanAbsoluteError = Metric("mae") { ($0 - $1).abs().mean() }
}

/// Class numbers, from distributions where those are given.
private func targetClasses(of target: Tensor) -> Tensor {
  target.dtype.isFloating ? target.argmax(axis: -1, dtype: .int64) : target.converted(to: .int64)
}
