import ApusCore

/// A pure update rule: from a parameter, its gradient and the rule's state to new values.
///
/// Rules are written on tensors, so that a whole step can be one plan; clipping, schedules, groups,
/// averages are the caller's business (``UpdateOptions``).
///
/// ```swift
/// struct SignDescent: Optimizer {
///   var learningRate = 1e-3
///   let name = "SignDescent", slots: [String] = [], settings: [String: Double] = [:]
///   func scalars(rate: Double, step: Int) -> [Double] { [rate] }
///   func update(_ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor)
///     -> (parameter: Tensor, state: [Tensor])
///   { (parameter - scalars[0] * gradient.sign(), []) }
/// }
/// ```
public protocol Optimizer: Sendable {
  /// The name in printouts and checkpoints.
  var name: String { get }

  /// The learning rate before any schedule.
  var learningRate: Double { get set }

  /// Names of the tensors kept per parameter, of its shape, such as `m` and `v`; zero at first.
  var slots: [String] { get }

  /// The rule's own settings by name, apart from learning rate and weight decay.
  var settings: [String: Double] { get }

  /// What pulls parameters to zero unless a ``ParameterGroup`` says otherwise; 0 by default.
  var weightDecay: Double { get }

  /// How ``weightDecay`` acts; ``WeightDecay/Kind/l2`` by default.
  var decay: WeightDecay.Kind { get }

  /// Refuses settings that make no sense: by default numbers that are negative or not finite.
  func checkSettings() throws(TensorError)

  /// The numbers of one step, the same for all parameters: first the rate, then corrections.
  ///
  /// They are inputs of the training step, so that a schedule costs no recompilation.
  /// - Parameter step: How many updates came before.
  func scalars(rate: Double, step: Int) -> [Double]

  /// Returns the new value of a parameter and of its state, without weight decay.
  ///
  /// - Parameters:
  ///   - state: The slots, of the parameter's type (`f32` for 16-bit parameters).
  ///   - scalars: Those of ``scalars(rate:step:)``, in the dtype of the state.
  func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor])

  /// Returns the new value of a parameter and of its state, with weight decay.
  ///
  /// By default decay is applied before ``update(_:gradient:state:scalars:)``; rules that do both at
  /// once have their own.
  func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor, decay: WeightDecay
  ) -> (parameter: Tensor, state: [Tensor])
}

extension Optimizer {
  public var weightDecay: Double { 0 }
  public var decay: WeightDecay.Kind { .l2 }

  public func checkSettings() throws(TensorError) { try checkNumbers() }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor, decay: WeightDecay
  ) -> (parameter: Tensor, state: [Tensor]) {
    if decay.rate == 0 {
      return update(parameter, gradient: gradient, state: state, scalars: scalars)
    }
    let (p, g) = decay.applied(to: parameter, gradient, rate: scalars[0])
    return update(p, gradient: g, state: state, scalars: scalars)
  }

  /// Refuses settings that are not finite numbers from 0; those named, also from 1.
  func checkNumbers(belowOne: Set<String> = []) throws(TensorError) {
    var all = settings
    all["learningRate"] = learningRate
    all["weightDecay"] = weightDecay
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      guard value >= 0, value.isFinite else {
        throw TensorError(operation: name, reason: "\(key) \(value) is not a finite number from 0")
      }
      if belowOne.contains(key), value >= 1 {
        throw TensorError(operation: name, reason: "\(key) \(value) is not below 1")
      }
    }
  }

  /// The type of a parameter's slots: `f32` for 16-bit floats.
  package func slotType(_ parameter: TensorType) -> TensorType {
    TensorType(parameter.dtype == .float64 ? .float64 : .float32, parameter.shape)
  }
}

extension [Tensor] {
  /// The state in a slot; a failed tensor where it was not given.
  func slot(_ index: Int) -> Tensor {
    indices.contains(index)
      ? self[index]
      : Tensor(
        error: TensorError(
          operation: "update", reason: "slot \(index) is missing: \(count) were given",
          layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
  }
}
