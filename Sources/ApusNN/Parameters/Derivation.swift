import ApusCore
import Synchronization

/// A way to compute a parameter from others, such as ``WeightNorm`` and ``SpectralNorm``.
///
/// The parameters and buffers it declares take the derived one's place in training, files and
/// counts: those of the weight at `conv.weight` are named `conv.weight_` and the property's name.
/// The layer, and every layer that shares the weight, goes on reading its parameter.
///
/// ```swift
/// final class Positive: Derivation {
///   let log = Parameter()
///   func start(from weight: Tensor) throws(Violation) { try log.allocate(weight.abs().log()) }
///   func value(_ context: Context) -> Tensor { log.value.exp() }
/// }
/// let layer = Dense(8).deriving(\.weight, by: Positive())   // trains `weight_log`
/// ```
public protocol Derivation: Module {
  /// Sets up the parameters so that ``value(_:)`` is `weight`, or as near as can be.
  ///
  /// Called once, when dtype and shape of the weight are known; where values were loaded before,
  /// allocating has no effect.
  func start(from weight: Tensor) throws(Violation)

  /// Computes the weight, in the dtype and shape it started with.
  func value(_ context: Context) -> Tensor
}

extension Module {
  /// Computes one of this module's parameters from others, and returns the module.
  ///
  /// ```swift
  /// let critic = Sequential {
  ///   Conv2D(64, kernel: 4, stride: 2).deriving(\.weight, by: SpectralNorm())
  ///   Activation.leakyRelu(slope: 0.2)
  /// }
  /// ```
  @discardableResult
  public func deriving(_ parameter: KeyPath<Self, Parameter>, by rule: some Derivation) -> Self {
    self[keyPath: parameter].derive(by: rule)
    return self
  }
}

/// A parameter's rule, and whether it has started.
final class DerivationState: Sendable {
  private struct State: Sendable {
    var rule: (any Derivation)?
    var hasStarted = false
  }
  private let state = Mutex(State())

  var rule: (any Derivation)? { state.withLock { $0.rule } }

  func set(_ rule: (any Derivation)?) {
    state.withLock { $0 = State(rule: rule) }
  }

  /// Hands the first values to the rule, once.
  func start(from variable: Variable) throws(Violation) {
    guard let rule = state.withLock({ $0.hasStarted ? nil : $0.rule }), variable.type != nil
    else { return }
    try rule.start(from: variable.value)
    state.withLock { $0.hasStarted = true }
    variable.forgetValue()
  }

  /// The parameters and buffers of the rule with the names they have beside the weight.
  static func parts(of rule: any Derivation) -> [(name: String, part: Any)] {
    Mirror(reflecting: rule).children.compactMap { child in
      if let parameter = child.value as? Parameter {
        return (parameter.name ?? child.label ?? "", parameter)
      }
      if let buffer = child.value as? Buffer { return (buffer.name ?? child.label ?? "", buffer) }
      return nil
    }
  }

  static func parameters(of rule: any Derivation) -> [Parameter] {
    parts(of: rule).compactMap { $0.part as? Parameter }
  }
}

extension Parameter {
  /// Computes this parameter from others from now on.
  ///
  /// Its values so far, or the first ones once they are drawn, are where the rule starts. A rule
  /// before this one is replaced. Each rule object serves one parameter.
  public func derive(by rule: some Derivation) {
    if variable.type != nil, derivation.rule != nil { try? restore() }
    derivation.set(rule)
    // A refusal comes back when the layer is built.
    try? derivation.start(from: variable)
  }

  /// Ends the derivation: the parameter holds the values computed last and trains by itself.
  ///
  /// - Throws: The error of a weight that cannot be computed.
  public func restore() throws(TensorError) {
    guard let rule = derivation.rule else { return }
    let trains = isTrainable
    let last = value
    if variable.type != nil {
      if let error = last.error { throw error }
      try eval(last)
    }
    derivation.set(nil)
    if variable.type != nil { variable.start(with: last) }
    withExtendedLifetime(rule) { isTrainable = trains }
  }

  /// The value computed by a rule.
  func derivedValue(_ rule: any Derivation) -> Tensor {
    guard let type else { return variable.value }
    do throws(Violation) { try derivation.start(from: variable) } catch {
      return Tensor(
        error: TensorError(
          operation: "\(Swift.type(of: rule))", reason: error.reason,
          operands: [.init(name: "weight", type: type)], layerPath: LayerScope.current?.path,
          site: LayerScope.current?.site))
    }
    let value = rule.value(CallFrame.current?.context ?? .inference)
    // Where a step computes in another dtype, what the rule reads is in that one.
    let isBound = Bindings.current != nil && value.dtype.isFloating
    if value.error != nil || value.type == type || isBound && value.shape == type.shape {
      return value
    }
    return Tensor(
      error: TensorError(
        operation: "\(Swift.type(of: rule))",
        reason: "gives \(value.type) for a parameter that is \(type)",
        layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
  }
}
