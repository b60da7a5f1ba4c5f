import ApusCore

/// Returns the perplexity of predictions: `exp(mean(-log p[target]))` over the tokens that count.
///
/// Over a vocabulary of `V` tokens, guessing has perplexity `V`, and certainty 1.
/// - Shape: `logits[N…, V], targets[N…]` of `int32` or `int64`, `mask[N…]` of `bool` → a scalar.
///   A target outside `0..<V` is a data error of the run, masked or not.
/// - Source: Jelinek, Mercer, Bahl, Baker 1977, "Perplexity".
public func perplexity(
  _ logits: Tensor, targets: Tensor, mask: Tensor? = nil, file: String = #fileID,
  line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let operands = [logits, targets] + [mask].compactMap { $0 }
  return attempt("perplexity", operands, at: site) { () throws(Violation) in
    try require(logits.dtype.isFloating, "needs floating logits, not \(logits.dtype)")
    try require(
      logits.rank > 0 && targets.dtype.isInteger
        && targets.shape.dims == Array(logits.shape.dims.dropLast()),
      "targets are integers \(Shape(Array(logits.shape.dims.dropLast()))), not \(targets.type)")
    let rows = softmaxCrossEntropy(
      logits: logits, labels: targets, file: file, line: line)
    guard let mask else { return rows.mean().exp() }
    try require(
      mask.type == TensorType(.bool, targets.shape),
      "the mask is bool\(targets.shape), not \(mask.type)")
    return rows.maskedMean(mask, file: file, line: line).exp()
  }
}
