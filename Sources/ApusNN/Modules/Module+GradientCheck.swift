import ApusCore

extension Module {
  /// Compares the gradients of a loss with central differences, for the trainable parameters.
  ///
  /// ```swift
  /// try model.build(x.type, seed: 1)
  /// let check = try model.checkGradients { Loss.meanSquaredError(model(x), y) }
  /// print(check)   // gradients: 120 elements compared, agree …
  /// ```
  /// A loss with random layers makes its ``Context`` inside the closure, with a fixed key. Build the
  /// model for `float64` inputs for a sharp check.
  /// - Parameters:
  ///   - pattern: The parameters to check.
  ///   - step: `h`, times `max(1, |x|)`; 1e-5 for `float64`, else 1e-2.
  ///   - tolerance: 1e-6 for `float64`, else 1e-2.
  ///   - sampleLimit: Larger parameters are compared at so many of their elements.
  /// - Throws: The mistake of the loss or of a parameter without shape; an error when the pattern
  ///   covers no trainable parameter.
  /// - Returns: The worst element with both values, under its parameter's path.
  public func checkGradients(
    matching pattern: PathPattern = .all, step: Double? = nil, tolerance: Double? = nil,
    sampleLimit: Int = 200, seed: Int = 0, file: String = #fileID, line: Int = #line,
    of loss: () -> Tensor
  ) throws(TensorError) -> GradientCheck {
    let checked = parameters(matching: pattern).filter { $0.parameter.isTrainable }
    guard !checked.isEmpty else {
      throw TensorError(
        operation: "checkGradients", reason: "no trainable parameter matches \(pattern)",
        site: CallSite(file: file, line: line))
    }
    let variables = checked.map(\.parameter.variable)
    return try ApusCore.checkGradients(
      at: variables.map(\.value), names: checked.map(\.path), step: step, tolerance: tolerance,
      sampleLimit: sampleLimit, seed: seed, file: file, line: line
    ) { values in
      Bindings.$current.withValue(Bindings(variables, values)) { loss() }
    }
  }
}
