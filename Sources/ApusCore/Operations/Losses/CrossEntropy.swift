/// Returns, for every row, the cross entropy between the softmax of the logits and a class label.
///
///     loss = −log softmax(logits)[label]
///
/// - Shape: `logits[N…, K], labels[N…] → loss[N…]`; labels are integers in `0..<K`.
/// - Parameters:
///   - labelSmoothing: the share ε of the target spread evenly over all classes
///     (Szegedy et al. 2016).
///   - ignoredLabel: rows with this label give 0, and no gradient.
///   - classWeights: `[K]`; each class's part of the loss is multiplied by its weight.
/// - Throws: a label out of range is reported by the call that evaluates.
public func softmaxCrossEntropy(
  logits: Tensor, labels: Tensor, classWeights: Tensor? = nil, labelSmoothing: Double = 0,
  ignoredLabel: Int? = nil, file: String = #fileID, line: Int = #line
) -> Tensor {
  let options = CrossEntropyOptions(labelSmoothing: labelSmoothing, ignoredLabel: ignoredLabel)
  let weights = classWeights.map { [$0] } ?? []
  let wide = labels.dtype == .uint8 ? labels.converted(to: .int32) : labels
  return record(
    SoftmaxCrossEntropy(options), [logits, wide] + weights, results: 2,
    at: CallSite(file: file, line: line))[0]
}

/// Returns, for every row, the cross entropy between the softmax of the logits and a distribution.
///
///     loss = −Σₖ target[k] · log softmax(logits)[k]
/// - Shape: `logits[N…, K], targets[N…, K] → loss[N…]`.
public func softmaxCrossEntropy(
  logits: Tensor, targets: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let names = ["logits", "targets"]
  return refused("softmaxCrossEntropy", [logits, targets], names, site)
    ?? {
      let terms = targets * logits.logSoftmax(file: file, line: line)
      return -terms.sum(axes: [-1], file: file, line: line)
    }()
}

/// Returns, element by element, the cross entropy of a Bernoulli variable given its logit.
///
///     loss = log(1 + eˣ) − x·y = max(x, 0) − x·y + log(1 + e^(−|x|))
/// - Shape: `logits[…], targets[…] → loss[…]`; targets in `0...1`.
public func sigmoidCrossEntropy(
  logits: Tensor, targets: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  return refused("sigmoidCrossEntropy", [logits, targets], ["logits", "targets"], site)
    ?? logits.softplus(file: file, line: line) - logits * targets
}

/// A failed tensor when two operands of a loss differ in type: losses do not broadcast.
private func refused(
  _ name: String, _ operands: [Tensor], _ names: [String], _ site: CallSite
) -> Tensor? {
  if let failed = operands.first(where: { $0.error != nil }) { return failed }
  let (a, b) = (operands[0], operands[1])
  var reason: String?
  if a.dtype != b.dtype {
    reason = "dtypes differ: \(names[0]) are \(a.dtype), \(names[1]) are \(b.dtype)"
  } else if a.shape != b.shape {
    reason = "shapes differ: \(names[0]) \(a.shape), \(names[1]) \(b.shape)"
  } else if !a.dtype.isFloating {
    reason = "needs a floating dtype, not \(a.dtype)"
  }
  return reason.map {
    Tensor(error: refusal(of: name, operands, Violation($0), names: names, at: site))
  }
}
