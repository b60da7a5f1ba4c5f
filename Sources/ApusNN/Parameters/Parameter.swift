import ApusCore

/// A tensor that training adjusts, held by a layer and named by its property path.
///
/// Its shape is often known only when the layer first sees an input; until then reading it gives a
/// failed tensor. A tensor read from a parameter never changes: training replaces the value.
public final class Parameter: Sendable, CustomStringConvertible {
  package let variable: Variable
  let derivation = DerivationState()
  /// The name in files, where it is not the property's.
  public let name: String?

  /// Creates a parameter whose shape its layer sets.
  ///
  /// - Parameters:
  ///   - name: Takes the place of the property's name in paths.
  ///   - dtype: Fixes the dtype; otherwise the layer's input decides.
  ///   - keepsPrecision: Whether mixed precision leaves it as it is: the layer is then given 32-bit
  ///     values beside 16-bit inputs.
  public init(
    _ initializer: Initializer = .zeros, name: String? = nil, dtype: DType? = nil,
    isTrainable: Bool = true, keepsPrecision: Bool = false
  ) {
    variable = Variable(
      initializer, dtype: dtype, isTrainable: isTrainable, keepsPrecision: keepsPrecision)
    self.name = name
  }

  /// Creates a parameter from values; of a failed tensor, one whose value is that tensor.
  public convenience init(_ value: Tensor, name: String? = nil, isTrainable: Bool = true) {
    self.init(.zeros, name: name, dtype: value.dtype, isTrainable: isTrainable)
    variable.start(with: value)
  }

  /// The current value: of the derivation where there is one.
  public var value: Tensor { derivation.rule.map(derivedValue) ?? variable.value }

  /// Dtype and shape; `nil` until the layer has seen an input.
  public var type: TensorType? { variable.type }

  /// Whether training adjusts it, or any of the parameters it is derived from.
  public var isTrainable: Bool {
    get {
      guard let rule = derivation.rule else { return variable.isTrainable }
      return DerivationState.parameters(of: rule).contains { $0.isTrainable }
    }
    set {
      variable.isTrainable = newValue
      guard let rule = derivation.rule else { return }
      for part in DerivationState.parameters(of: rule) { part.isTrainable = newValue }
    }
  }

  /// Sets dtype and shape and draws the first values; without effect when that has been done.
  ///
  /// - Parameter fans: For weights that are not laid out as ``Fans/init(weight:)`` says.
  public func allocate(
    _ dtype: DType, _ shape: Shape, fans: Fans? = nil
  ) throws(Violation) {
    try variable.allocate(dtype, shape, fans: fans)
    try derivation.start(from: variable)
  }

  /// Sets dtype and shape and draws the first values from an initializer that the input decides, or
  /// changes those drawn; without effect when that has been done.
  func allocate(
    _ dtype: DType, _ shape: Shape, from initializer: Initializer? = nil,
    adjusting change: (Tensor) -> Tensor = { $0 }
  ) throws(Violation) {
    try variable.allocate(dtype, shape, from: initializer, adjusting: change)
    try derivation.start(from: variable)
  }

  /// Takes dtype, shape and first values from a tensor; without effect when it has them.
  public func allocate(_ value: Tensor) throws(Violation) {
    try variable.allocate(value)
    try derivation.start(from: variable)
  }

  /// Replaces the value by one of the same dtype and shape.
  ///
  /// - Throws: The tensor's own error; a mismatch of types; a refusal where the parameter is
  ///   derived from others.
  public func assign(_ value: Tensor) throws(TensorError) {
    if let rule = derivation.rule {
      throw TensorError(
        operation: "parameter",
        reason: "\(variable.path) is computed by \(Swift.type(of: rule)): assign to its parts")
    }
    try variable.assign(value)
  }

  public var description: String {
    "Parameter(\(variable.path): \(type.map(String.init(describing:)) ?? "not built"))"
  }
}

/// State of a layer that is saved with it but not trained by gradients, such as running means.
public final class Buffer: Sendable, CustomStringConvertible {
  package let variable: Variable
  /// The name in files, where it is not the property's.
  public let name: String?

  /// Creates a buffer whose shape its layer sets.
  ///
  /// - Parameter keepsPrecision: Whether mixed precision leaves it as it is, as running statistics
  ///   need, whose small changes 16 bits would lose.
  public init(
    _ initializer: Initializer = .zeros, name: String? = nil, dtype: DType? = nil,
    keepsPrecision: Bool = false
  ) {
    variable = Variable(
      initializer, dtype: dtype, isTrainable: false, keepsPrecision: keepsPrecision)
    self.name = name
  }

  /// The current value.
  public var value: Tensor { variable.value }

  /// Dtype and shape; `nil` until the layer has seen an input.
  public var type: TensorType? { variable.type }

  /// Whether training leaves the value alone; layers then behave as at inference with it.
  ///
  /// Running statistics of a batch norm that are fixed are also what it normalizes with, in training
  /// too: what fine-tuning on small batches wants of a frozen part.
  public var isFixed: Bool {
    get { variable.isFixed }
    set { variable.isFixed = newValue }
  }

  /// Sets dtype and shape and the first values; without effect when that has been done.
  public func allocate(_ dtype: DType, _ shape: Shape) throws(Violation) {
    try variable.allocate(dtype, shape)
  }

  /// Takes dtype, shape and first values from a tensor; without effect when it has them.
  public func allocate(_ value: Tensor) throws(Violation) { try variable.allocate(value) }

  /// Replaces the value by one of the same dtype and shape.
  public func assign(_ value: Tensor) throws(TensorError) { try variable.assign(value) }

  public var description: String {
    "Buffer(\(variable.path): \(type.map(String.init(describing:)) ?? "not built"))"
  }
}
