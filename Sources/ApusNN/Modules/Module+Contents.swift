import ApusCore

extension Module {
  /// Trained values with their property paths, in the order of declaration; shared ones once.
  public var parameters: [(path: String, parameter: Parameter)] { ModuleTree(self).parameters }

  /// Untrained state with its property paths.
  public var buffers: [(path: String, buffer: Buffer)] { ModuleTree(self).buffers }

  /// The parts with their property paths; the module itself first, under the empty path.
  public var modules: [(path: String, module: any Module)] { ModuleTree(self).modules }

  /// The number of trained scalars; 0 while shapes are unknown.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.parameter.type?.count ?? 0) }
  }

  /// Every named value: parameters and buffers, as files hold them.
  package var variables: [(path: String, variable: Variable)] {
    let tree = ModuleTree(self)
    return tree.parameters.map { ($0.path, $0.parameter.variable) }
      + tree.buffers.map { ($0.path, $0.buffer.variable) }
  }
}

extension Layer {
  /// Sets the shapes of all parameters and draws their first values.
  ///
  /// - Parameters:
  ///   - input: Dtype and shape of an input, batch axis included.
  ///   - seed: Decides the values, with each parameter's path; the order of layers does not.
  /// - Throws: The mistake that keeps the model from taking such an input.
  /// - Returns: The type of the output.
  @discardableResult
  public func build(
    _ input: TensorType, seed: UInt64, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> TensorType {
    if let violation = input.sizeViolation {
      throw TensorError(
        operation: "\(Self.self)", reason: violation.reason,
        operands: [.init(name: "input", type: input)], site: CallSite(file: file, line: line))
    }
    _ = ModuleTree(self)
    let output = Initialization.$current.withValue(Initialization(seed: seed)) {
      self(Tensor.placeholder(input), .inference, file: file, line: line)
    }
    if let error = output.error { throw error }
    return output.type
  }
}

extension Module {
  /// Returns a loss and its gradients with respect to the trainable parameters.
  ///
  /// For hand-written loops; the context's buffer updates are ready to apply afterwards.
  ///
  /// ```swift
  /// let context = Context(isTraining: true, key: key)
  /// let (loss, gradients) = model.valueAndGradients { Loss.crossEntropy(model(x, context), y) }
  /// try state.update(gradients)
  /// try context.applyUpdates()
  /// ```
  /// - Returns: The loss, and a gradient for each trainable parameter in the order of
  ///   ``parameters``.
  public func valueAndGradients(
    file: String = #fileID, line: Int = #line, of loss: () -> Tensor
  ) -> (value: Tensor, gradients: [Tensor]) {
    let points = parameters.filter { $0.parameter.isTrainable }.map(\.parameter.variable)
    let values = points.map(\.value)
    if let failed = values.first(where: { $0.error != nil }) {
      return (failed, values.map { _ in failed })
    }
    let leaves = values.map { $0.detachedLeaf }
    let value = Bindings.$current.withValue(Bindings(points, leaves)) { loss() }
    if value.error != nil { return (value, values.map { _ in value }) }
    guard value.count == 1, value.dtype.isFloating else {
      let failed = Tensor(
        error: TensorError(
          operation: "gradient", reason: "the loss must be one floating number",
          operands: [.init(name: "loss", type: value.type)],
          site: CallSite(file: file, line: line)))
      return (failed, values.map { _ in failed })
    }
    let gradients = vectorJacobianProduct(
      of: [value], cotangents: [Tensor(1, like: value)], withRespectTo: leaves)
    return (value, zip(leaves, gradients).map { $1 ?? Tensor(0, like: $0) })
  }
}

extension Tensor {
  /// The same values behind a node of their own, for differentiation to stop at.
  fileprivate var detachedLeaf: Tensor { stoppingGradient() }
}
