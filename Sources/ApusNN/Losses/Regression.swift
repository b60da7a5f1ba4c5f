import ApusCore

extension Loss {
  /// `mean((prediction - target)²)`.
  ///
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  public static let meanSquaredError = Loss("meanSquaredError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return (prediction - target).square()
  }

  /// `½ Σ (prediction - target)²`, the form of textbooks, over the batch's size.
  ///
  /// - Shape: `prediction[N, …], target[N, …] →` scalar; terms `[N]`.
  public static let halfSumSquaredError = Loss("halfSumSquaredError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return (prediction - target).square().sumPerSample() * 0.5
  }

  /// `√mean((prediction - target)²)`, one number for the batch; its gradient is 0 where it is 0.
  ///
  /// - Shape: `prediction[…], target[…] →` scalar; it is its own only term.
  public static let rootMeanSquaredError = Loss("rootMeanSquaredError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    let count = Tensor(Double(prediction.count), dtype: prediction.dtype)
    return (prediction - target).norm() / count.sqrt()
  }

  /// `mean(|prediction - target|)`.
  ///
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  public static let meanAbsoluteError = Loss("meanAbsoluteError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return (prediction - target).abs()
  }

  /// `mean(log cosh(prediction - target))`: squared near zero, linear far away, smooth everywhere.
  ///
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  public static let logCosh = Loss("logCosh") { (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    let distance = prediction - target
    // log cosh d = d + log(1 + e^(-2d)) - log 2, without overflow.
    return distance + (distance * -2).softplus() - 0.693_147_180_559_945_3
  }

  /// Squared near zero, linear beyond `delta`.
  ///
  ///     ½·d²            where |d| ≤ δ, with d = prediction - target
  ///     δ·(|d| - δ/2)   elsewhere
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  /// - Source: Huber 1964.
  public static func huber(delta: Double = 1) -> Loss {
    Loss("huber") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      try requirePositive("delta", delta)
      let distance = (prediction - target).abs()
      let near = distance.square() * 0.5
      let far = (distance - delta / 2) * delta
      return near.where(distance .<= delta, else: far)
    }
  }

  /// Huber's loss over `beta`: slope 1 far away whatever `beta` is; `beta = 0` is the absolute error.
  ///
  ///     d²/(2β)   where |d| < β, with d = prediction - target
  ///     |d| - β/2 elsewhere
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  /// - Source: Girshick 2015, "Fast R-CNN", equation 3.
  public static func smoothL1(beta: Double = 1) -> Loss {
    Loss("smoothL1") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      try requireNotNegative("beta", beta)
      let distance = (prediction - target).abs()
      if beta == 0 { return distance }
      let near = distance.square() * (0.5 / beta)
      return near.where(distance .< beta, else: distance - beta / 2)
    }
  }

  /// Asymmetric absolute error, whose minimum is the `quantile` of the targets (pinball loss).
  ///
  ///     max(τ·e, (τ - 1)·e),  e = target - prediction
  /// - Shape: `prediction[…], target[…] →` scalar; terms `[…]`.
  /// - Source: Koenker and Bassett 1978.
  public static func quantile(_ quantile: Double) -> Loss {
    Loss("quantile") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      try require(quantile > 0 && quantile < 1, "quantile \(quantile) is not between 0 and 1")
      let error = target - prediction
      return maximum(error * quantile, error * (quantile - 1))
    }
  }
}

extension Tensor {
  /// The sum over all axes but the first; a scalar stays.
  func sumPerSample() -> Tensor { rank < 2 ? self : sum(axes: Array(1..<rank)) }
}
