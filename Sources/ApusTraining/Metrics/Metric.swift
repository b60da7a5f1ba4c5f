import ApusCore
import ApusNN

/// A figure of merit: its mean over the samples of an epoch is reported.
public struct Metric: Sendable, CustomStringConvertible {
  /// The name in logs.
  public let name: String
  /// The sum over a batch's samples: counts stay whole numbers, so that shares come out exact.
  private let total: @Sendable (Tensor, Tensor) -> Tensor

  /// Creates a metric.
  ///
  /// - Parameter rule: Returns the mean over a batch's samples of predictions and targets.
  public init(_ name: String, _ rule: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
    self.name = name
    total = { prediction, target in
      rule(prediction, target).converted(to: .float64) * Double(Metric.samples(of: target))
    }
  }

  /// Creates a share: how many of the elements for which `rule` decides are true.
  init(share name: String, _ rule: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
    self.name = name
    total = { prediction, target in
      let hits = rule(prediction, target)
      let perSample = hits.count / max(Metric.samples(of: target), 1)
      let sum = hits.converted(to: .float64).sum()
      return perSample > 1 ? sum / Double(perSample) : sum
    }
  }

  /// Returns the mean over a batch.
  public func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    total(prediction, target) / Double(Metric.samples(of: target))
  }

  /// Returns the sum over a batch's samples, a `float64` scalar.
  func sum(_ prediction: Tensor, _ target: Tensor) -> Tensor { total(prediction, target) }

  static func samples(of target: Tensor) -> Int { target.rank > 0 ? target.shape[0] : 1 }

  public var description: String { name }
}

extension Metric {
  /// The share of samples whose most likely class is the target's.
  ///
  /// - Shape: `prediction[N…, K]`; `target[N…]` of class numbers or `[N…, K]`.
  public static let accuracy = Metric(share: "accuracy") { prediction, target in
    matched("accuracy", prediction.argmax(axis: -1, dtype: .int64), targetClasses(of: target)) {
      $0 .== $1
    }
  }

  /// The share of samples whose class is among the `count` most likely ones.
  public static func topK(_ count: Int) -> Metric {
    Metric(share: "top\(count)") { prediction, target in
      let classes = Tensor.iota(prediction.shape, axis: -1, dtype: .int64)
      let isTarget = classes .== targetClasses(of: target).expanded(at: -1)
      let none = Tensor(0, like: prediction)
      let score = prediction.where(isTarget, else: none).sum(axes: [-1], keepingAxes: true)
      let ahead = (prediction .> score).converted(to: .float32).sum(axes: [-1])
      return ahead .< Double(count)
    }
  }

  /// The share of yes-no predictions, as logits, on the right side.
  public static let binaryAccuracy = Metric(share: "accuracy") { logits, target in
    let truth = target.dtype == .bool ? target : target.converted(to: .float32) .> 0.5
    return (logits .> 0) .== truth
  }

  /// The mean absolute difference.
  public static let meanAbsoluteError = Metric("mae") { prediction, target in
    matched("mae", prediction, target) { ($0 - $1).abs().mean() }
  }
}

/// Applies `body` to operands of one shape: metrics do not broadcast.
private func matched(
  _ name: String, _ a: Tensor, _ b: Tensor, _ body: (Tensor, Tensor) -> Tensor
) -> Tensor {
  if a.error != nil || b.error != nil || a.shape == b.shape { return body(a, b) }
  return Tensor(
    error: TensorError(
      operation: name, reason: "shapes differ: prediction gives \(a.shape), target \(b.shape)"))
}

/// Class numbers, from distributions where those are given.
private func targetClasses(of target: Tensor) -> Tensor {
  target.dtype.isFloating ? target.argmax(axis: -1, dtype: .int64) : target.converted(to: .int64)
}
