import ApusCore

/// Connectionist temporal classification: trains a network that reads a sequence to write a shorter
/// one without being told which step writes which label.
///
///     lᵢ = -log Σ over alignments of Π softmax(logits)[i, t, label at t]
///
/// An alignment repeats labels and puts blanks between them. A target with no alignment (longer than
/// its input, counting a blank between equal neighbours) costs infinity, or 0 with `zeroInfinity`,
/// and has no gradient either way. The mean divides each `lᵢ` by the length of its target (at least
/// 1), then by `N`, as PyTorch's does; ``Reduction/batchMean`` divides the sum by `N` alone.
///
/// ```swift
/// let ctc = CTCLoss()
/// let loss = ctc(model(x), targets, inputLengths: steps, targetLengths: letters)
/// ```
/// - Shape: `logits[N, T, K]`, `targets[N, S]` of class numbers, `inputLengths[N]`,
///   `targetLengths[N]` (integers) `→` scalar; terms `[N]`. Steps and labels beyond the lengths are
///   padding. A label or length out of range is a data error of the run.
/// - Source: Graves et al. 2006; PyTorch's `CTCLoss` (means).
public struct CTCLoss: Sendable, Hashable {
  /// The class that stands for no label; targets must not contain it.
  public var blank: Int
  /// Whether impossible targets cost nothing instead of infinity.
  public var zeroInfinity: Bool
  public var reduction: Reduction

  public init(blank: Int = 0, zeroInfinity: Bool = false, reduction: Reduction = .mean) {
    self.blank = blank
    self.zeroInfinity = zeroInfinity
    self.reduction = reduction
  }

  /// Returns the loss of a batch.
  ///
  /// - Parameters:
  ///   - logits: Or log-probabilities, which the log-softmax taken of them leaves as they are.
  ///   - inputLengths: The number of steps of each sample; all `T` unless given.
  ///   - targetLengths: The number of labels of each sample; all `S` unless given.
  public func callAsFunction(
    _ logits: Tensor, _ targets: Tensor, inputLengths: Tensor? = nil, targetLengths: Tensor? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    var operands = [("logits", logits), ("targets", targets)]
    if let inputLengths { operands.append(("inputLengths", inputLengths)) }
    if let targetLengths { operands.append(("targetLengths", targetLengths)) }
    return lossValue("CTCLoss", operands, file, line) { () throws(Violation) in
      try require(logits.dtype.isFloating, "logits must be floating, not \(logits.dtype)")
      try require(logits.rank == 3, "logits are [N, T, K], not \(logits.shape)")
      try require(logits.shape[2] > 0, "logits \(logits.shape) have no classes")
      try require(
        targets.dtype.isInteger && targets.rank == 2,
        "targets are integers [N, S], not \(targets.type)")
      let (n, at) = (logits.shape[0], CallSite(file: file, line: line))
      func all(_ length: Int) -> Tensor { Tensor(integer: Int64(length)).broadcast(to: [n]) }
      let lengths = (targetLengths ?? all(targets.shape[1])).converted(to: .int64)
      if let targetLengths {
        try require(
          targetLengths.dtype.isInteger,
          "targetLengths must be integers, not \(targetLengths.dtype)")
      }
      let losses = ctcLoss(
        logProbabilities: logits.widened.logSoftmax(), targets: targets,
        inputLengths: inputLengths ?? all(logits.shape[1]), targetLengths: lengths, blank: blank,
        file: at.file, line: at.line)
      if losses.error != nil { return losses }
      var terms = losses
      if zeroInfinity {
        terms = losses.where(losses .!= .infinity, else: Tensor(0, like: losses))
      }
      if reduction == .mean {
        terms = terms / maximum(lengths, Tensor(1, like: lengths)).converted(to: terms.dtype)
      }
      return try LossTerms(terms).reduced(reduction, weights: nil).converted(to: logits.dtype)
    }
  }
}
