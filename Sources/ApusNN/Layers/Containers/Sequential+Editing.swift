import ApusCore

/// Models made of another's layers. Layers are shared, with their parameters: a pretrained body goes
/// on training in the new model.
extension Sequential {
  /// The layers with another at a position: a new head on a trained body, for example.
  ///
  /// ```swift
  /// let model = try pretrained.replacing(at: -1, with: Dense(5))
  /// ```
  /// - Parameter index: Negative counts from the end.
  /// - Throws: An error when there is no such position.
  public func replacing(
    at index: Int, with layer: any Layer, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Sequential {
    let place = index < 0 ? index.plusClamped(layers.count) : index
    guard layers.indices.contains(place) else {
      throw refusal(
        "replacing", "position \(index) is out of range for \(layers.count) layers", file, line)
    }
    var changed = layers
    changed[place] = layer
    return Sequential(changed)
  }

  /// The layers without the last ones.
  ///
  /// - Throws: An error when there are not so many.
  public func dropLast(
    _ count: Int = 1, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Sequential {
    guard (0...layers.count).contains(count) else {
      throw refusal("dropLast", "cannot drop \(count) of \(layers.count) layers", file, line)
    }
    return Sequential(Array(layers.dropLast(count)))
  }

  /// The layers followed by others.
  public func appending(@LayerBuilder _ others: () -> [any Layer]) -> Sequential {
    Sequential(layers + others())
  }

  private func refusal(
    _ operation: String, _ reason: String, _ file: String, _ line: Int
  ) -> TensorError {
    TensorError(
      operation: operation, reason: reason, layerPath: LayerScope.current?.path,
      site: CallSite(file: file, line: line))
  }
}
