import ApusCore

/// How far predictions are from targets: one number for a batch, the mean over its samples.
///
/// A loss never broadcasts: prediction and target of different shapes are refused, since a column
/// against a row would silently compare everything with everything.
public struct Loss: Sendable, CustomStringConvertible {
  public let name: String
  private let rule: @Sendable (Tensor, Tensor) throws(Violation) -> Tensor

  /// Creates a loss of one's own.
  ///
  /// - Parameter rule: Returns a floating scalar for predictions and targets; a `Violation` it
  ///   throws becomes an error naming both.
  public init(
    _ name: String, _ rule: @escaping @Sendable (Tensor, Tensor) throws(Violation) -> Tensor
  ) {
    self.name = name
    self.rule = rule
  }

  /// Returns the mean loss of a batch.
  public func callAsFunction(
    _ prediction: Tensor, _ target: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if prediction.error != nil { return prediction }
    if target.error != nil { return target }
    let scope = LayerScope(path: "", site: CallSite(file: file, line: line))
    return LayerScope.$current.withValue(LayerScope.current ?? scope) {
      do throws(Violation) { return try rule(prediction, target) } catch {
        return Tensor(
          error: TensorError(
            operation: name, reason: error.reason,
            operands: [
              .init(name: "prediction", type: prediction.type),
              .init(name: "target", type: target.type),
            ], layerPath: LayerScope.current?.path, site: CallSite(file: file, line: line)))
      }
    }
  }

  public var description: String { name }
}

/// Refuses predictions and targets that differ in shape or dtype.
func requireSame(_ prediction: Tensor, _ target: Tensor) throws(Violation) {
  try require(
    prediction.dtype.isFloating, "prediction must be floating, not \(prediction.dtype)")
  try require(
    prediction.shape == target.shape,
    "shapes differ: prediction is \(prediction.shape), target is \(target.shape)")
  try require(
    prediction.dtype == target.dtype,
    "dtypes differ: prediction is \(prediction.dtype), target is \(target.dtype)")
}
