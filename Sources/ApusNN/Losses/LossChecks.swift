import ApusCore

/// Runs the rule of a loss: a failed operand is given back, a `Violation` becomes an error naming
/// the operands and the caller.
func lossValue(
  _ name: String, _ operands: [(name: String, tensor: Tensor)], _ file: String, _ line: Int,
  _ rule: () throws(Violation) -> Tensor
) -> Tensor {
  if let failed = operands.first(where: { $0.tensor.error != nil }) { return failed.tensor }
  let site = CallSite(file: file, line: line)
  let scope = LayerScope.current ?? LayerScope(path: "", site: site)
  func failed(_ operation: String, _ reason: String) -> Tensor {
    Tensor(
      error: TensorError(
        operation: operation, reason: reason,
        operands: operands.map { .init(name: $0.name, type: $0.tensor.type) },
        layerPath: LayerScope.current?.path, site: site))
  }
  return LayerScope.$current.withValue(scope) {
    do throws(Violation) {
      let value = try rule()
      // A step this library took failed: the caller learns of it at the call.
      guard let error = value.error, error.site?.file.hasPrefix("ApusNN/") ?? true else {
        return value
      }
      return failed("\(name): \(error.operation)", error.reason)
    } catch {
      return failed(name, error.reason)
    }
  }
}

/// Refuses predictions and targets that differ in shape or dtype.
func requireSame(_ prediction: Tensor, _ target: Tensor) throws(Violation) {
  try requireSame(prediction, "prediction", target, "target")
}

/// Refuses two floating operands of a loss that differ in shape or dtype.
func requireSame(
  _ a: Tensor, _ first: String, _ b: Tensor, _ second: String
) throws(Violation) {
  try require(a.dtype.isFloating, "\(first) must be floating, not \(a.dtype)")
  try require(
    a.shape == b.shape, "shapes differ: \(first) is \(a.shape), \(second) is \(b.shape)")
  try require(
    a.dtype == b.dtype, "dtypes differ: \(first) is \(a.dtype), \(second) is \(b.dtype)")
}

/// Refuses predictions that are not rows over classes.
func requireClasses(_ prediction: Tensor) throws(Violation) {
  try require(
    prediction.dtype.isFloating, "prediction must be floating, not \(prediction.dtype)")
  try require(prediction.rank > 0, "prediction needs a last axis of classes, it is a scalar")
  try require(prediction.shape[-1] > 0, "prediction \(prediction.shape) has no classes")
}

/// Refuses targets that are not one class number for each row of the predictions.
func requireLabels(_ prediction: Tensor, _ target: Tensor) throws(Violation) {
  try require(
    target.dtype.isInteger,
    "target must be class numbers or a distribution, not \(target.dtype)")
  let rows = Shape(Array(prediction.shape.dims.dropLast()))
  try require(
    target.shape == rows,
    "class numbers for prediction \(prediction.shape) have shape \(rows), target is \(target.shape)"
  )
}

/// Refuses a setting that is not a finite number in a range.
func requireSetting(
  _ name: String, _ value: Double, in range: ClosedRange<Double>
) throws(Violation) {
  try require(value.isFinite, "\(name) \(value) is not finite")
  try require(range.contains(value), "\(name) \(value) is outside \(range)")
}

/// Refuses a setting that is not positive and finite.
func requirePositive(_ name: String, _ value: Double) throws(Violation) {
  try require(value > 0 && value.isFinite, "\(name) \(value) is not positive and finite")
}

/// Refuses a setting that is negative or not finite.
func requireNotNegative(_ name: String, _ value: Double) throws(Violation) {
  try require(value >= 0 && value.isFinite, "\(name) \(value) is negative or not finite")
}

/// Numbers per class as `[K]`, or why they cannot be.
func classTensor(
  _ name: String, _ values: [Double], _ prediction: Tensor
) throws(Violation) -> Tensor {
  try require(
    values.count == prediction.shape[-1],
    "has \(values.count) \(name) for \(prediction.shape[-1]) classes")
  for value in values {
    try require(value >= 0 && value.isFinite, "\(name) \(values) must not be negative nor infinite")
  }
  return Tensor(values, dtype: prediction.dtype)
}

/// Yes-no targets in the dtype of the predictions: truth values and integers count as 0 and 1.
func yesNo(_ target: Tensor, like prediction: Tensor) throws(Violation) -> Tensor {
  let target = target.dtype.isFloating ? target : target.converted(to: prediction.dtype)
  try requireSame(prediction, target)
  return target
}

/// One where a class is the label of its row, `[N…, K]`; a label outside `0..<K` is a data error.
func oneHot(_ labels: Tensor, like prediction: Tensor) -> Tensor {
  let wide = labels.dtype == .uint8 ? labels.converted(to: .int32) : labels
  return wide.oneHot(depth: prediction.shape[-1], dtype: prediction.dtype)
}
