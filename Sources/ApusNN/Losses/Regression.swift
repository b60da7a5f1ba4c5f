import ApusCore

extension Loss {
  /// `mean((prediction - target)²)`.
  public static let meanSquaredError = Loss("meanSquaredError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return (prediction - target).square().mean()
  }

  /// `½ Σ (prediction - target)²`, the form of textbooks, over the batch's size.
  public static let halfSumSquaredError = Loss("halfSumSquaredError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    let samples = prediction.rank > 0 ? max(prediction.shape[0], 1) : 1
    return (prediction - target).square().sum() * (0.5 / Double(samples))
  }

  /// `mean(|prediction - target|)`.
  public static let meanAbsoluteError = Loss("meanAbsoluteError") {
    (prediction, target) throws(Violation) in
    try requireSame(prediction, target)
    return (prediction - target).abs().mean()
  }

  /// Squared near zero, linear beyond `delta`.
  ///
  /// - Source: Huber 1964.
  public static func huber(delta: Double = 1) -> Loss {
    Loss("huber") { (prediction, target) throws(Violation) in
      try requireSame(prediction, target)
      try require(delta > 0 && delta.isFinite, "delta \(delta) is not positive and finite")
      let distance = (prediction - target).abs()
      let near = distance.square() * 0.5
      let far = (distance - delta / 2) * delta
      return near.where(distance .<= delta, else: far).mean()
    }
  }
}
