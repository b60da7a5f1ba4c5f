import ApusCore

extension Loss {
  /// Cross-entropy of yes-no predictions given as logits: `mean(softplus(z) - z·t)`.
  ///
  /// - Shape: `prediction[…]`, `target[…]` of 0…1 (floating, bool or integers).
  public static let binaryCrossEntropy = Loss("binaryCrossEntropy") {
    (logits, target) throws(Violation) in
    let target = target.dtype.isFloating ? target : target.converted(to: logits.dtype)
    try requireSame(logits, target)
    return (logits.softplus() - logits * target).mean()
  }

  /// Cross-entropy of yes-no predictions given as probabilities.
  ///
  /// Logarithms are limited to -100, as in PyTorch; prefer logits, which lose no precision.
  public static let binaryCrossEntropyOfProbabilities = Loss("binaryCrossEntropyOfProbabilities") {
    (p, target) throws(Violation) in
    let target = target.dtype.isFloating ? target : target.converted(to: p.dtype)
    try requireSame(p, target)
    let floor = Tensor(-100, like: p)
    let yes = target * maximum(p.log(), floor)
    let no = (1 - target) * maximum((1 - p).log(), floor)
    return -(yes + no).mean()
  }
}
