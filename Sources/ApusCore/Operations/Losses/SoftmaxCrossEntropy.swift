/// What the cross entropy and its gradient share.
package struct CrossEntropyOptions: Sendable, Hashable, CustomStringConvertible {
  /// The share of the target that is spread evenly over all classes.
  package let labelSmoothing: Double
  /// Rows with this label count nothing.
  package let ignoredLabel: Int?

  package init(labelSmoothing: Double, ignoredLabel: Int?) {
    self.labelSmoothing = labelSmoothing
    self.ignoredLabel = ignoredLabel
  }

  package var description: String {
    "labelSmoothing: \(labelSmoothing)" + (ignoredLabel.map { ", ignoring: \($0)" } ?? "")
  }

  /// Checks `logits[N…, K]`, `labels[N…]` and, if given, `weights[K]`.
  func check(
    _ logits: TensorType, _ labels: TensorType, _ weights: TensorType?
  ) throws(Violation) {
    try require(logits.dtype.isFloating, "logits must be floating, not \(logits.dtype)")
    try require(labels.dtype.isInteger, "labels must be integers, not \(labels.dtype)")
    try require(logits.rank > 0, "logits need an axis of classes")
    try require(logits[-1] > 0, "there are no classes")
    try require(
      labels.dims == Array(logits.dims.dropLast()),
      "logits \(logits.shape) need labels of shape \(Shape(Array(logits.dims.dropLast()))), "
        + "not \(labels.shape)")
    try require(
      labelSmoothing >= 0 && labelSmoothing <= 1,
      "labelSmoothing \(labelSmoothing) is outside 0...1")
    guard let weights else { return }
    try require(
      weights == TensorType(logits.dtype, [logits[-1]]),
      "class weights must be \(TensorType(logits.dtype, [logits[-1]])), not \(weights)")
  }

  /// One where the class is the label: `[N…, K]`, in the dtype of `logits`.
  func oneHot(_ labels: Tensor, like logits: Tensor) -> Tensor {
    let classes = Tensor.iota(logits.shape, axis: -1, dtype: .int64)
    let wide = labels.converted(to: .int64).expanded(at: -1)
    return (classes .== wide).converted(to: logits.dtype)
  }

  /// Zero in rows that are ignored.
  func masked(_ rows: Tensor, _ labels: Tensor) -> Tensor {
    guard let ignoredLabel else { return rows }
    let ignored = labels.converted(to: .int64) .== Tensor(integer: Int64(ignoredLabel))
    return Tensor(0, like: rows).where(ignored, else: rows)
  }
}

/// Cross entropy between a softmax and integer labels, per row:
/// `logits[N…, K], labels[N…], weights[K]? → loss[N…], logsumexp[N…]`.
///
///     loss = (1 − ε)·w[label]·(lse − x[label]) + ε/K · Σₖ w[k]·(lse − x[k])
///
/// A label outside `0..<K` that is not ignored is a data error of the run.
/// - Gradient: by ``SoftmaxCrossEntropyGradient``.
package struct SoftmaxCrossEntropy: Composite {
  package let options: CrossEntropyOptions
  package var name: String { "softmaxCrossEntropy" }
  package var attributes: String { "\(options)" }
  package var operandNames: [String] { ["logits", "labels", "weights"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ options: CrossEntropyOptions) { self.options = options }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try options.check(operands[0], operands[1], operands.count > 2 ? operands[2] : nil)
    let rows = operands[0].with(shape: operands[1].shape)
    return [rows, rows]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (x, labels) = (operands[0], operands[1])
    let largest = x.max(axes: [-1], keepingAxes: true).stoppingGradient()
    let lse = (x - largest).exp().sum(axes: [-1], keepingAxes: true).log() + largest
    let smoothing = options.labelSmoothing
    let hot = options.oneHot(labels, like: x)
    let target = smoothing == 0 ? hot : hot * (1 - smoothing) + smoothing / Double(x.shape[-1])
    let weighted = operands.count > 2 ? target * operands[2] : target
    // Zero times an infinite logit is no contribution, not NaN.
    let terms = Tensor(0, like: x).where(weighted .== 0, else: weighted * (lse - x))
    return [options.masked(terms.sum(axes: [-1]), labels), lse.squeezed(axes: [-1])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let (x, labels) = (call.operands[0], call.operands[1])
    let lse = call.results[1]
    var parts: [Tensor] = []
    if let dloss = upstream[0] {
      let weights = call.operands.dropFirst(2)
      parts.append(
        apply(SoftmaxCrossEntropyGradient(options), [x, labels, lse, dloss] + weights))
    }
    if let dlse = upstream[1] {
      parts.append(dlse.expanded(at: -1) * (x - lse.expanded(at: -1)).exp())
    }
    let dx = parts.isEmpty ? nil : parts.dropFirst().reduce(parts[0]) { $0 + $1 }
    if call.operands.count == 2 { return [dx, nil] }
    return [dx, nil, decomposedGradient(call, upstream: upstream)[2]]
  }
}

/// The gradient of the logits: `logits, labels, logsumexp[N…], dloss[N…], weights? → dlogits[N…, K]`.
///
///     p = e^(x − lse)
///     dx = dloss · ((1 − ε)·w[label]·(p − onehot) + ε/K·(p·Σw − w))
package struct SoftmaxCrossEntropyGradient: Composite {
  package let options: CrossEntropyOptions
  package var name: String { "softmaxCrossEntropyGradient" }
  package var attributes: String { "\(options)" }
  package var operandNames: [String] { ["logits", "labels", "logsumexp", "dloss", "weights"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ options: CrossEntropyOptions) { self.options = options }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try options.check(x, operands[1], operands.count > 4 ? operands[4] : nil)
    let rows = x.with(shape: operands[1].shape)
    try require(operands[2] == rows, "logsumexp must be \(rows), not \(operands[2])")
    try require(operands[3] == rows, "dloss must be \(rows), not \(operands[3])")
    return [x]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (x, labels, lse, dloss) = (operands[0], operands[1], operands[2], operands[3])
    let p = (x - lse.expanded(at: -1)).exp()
    let smoothing = options.labelSmoothing
    let hot = options.oneHot(labels, like: x)
    let target = smoothing == 0 ? hot : hot * (1 - smoothing) + smoothing / Double(x.shape[-1])
    let weighted = operands.count > 4 ? target * operands[4] : target
    let total = weighted.sum(axes: [-1], keepingAxes: true)
    return [options.masked(dloss, labels).expanded(at: -1) * (p * total - weighted)]
  }
}
