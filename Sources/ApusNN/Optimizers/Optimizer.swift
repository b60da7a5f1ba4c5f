import ApusCore

/// A pure update rule: from a parameter, its gradient and the rule's state to new values.
///
/// Rules are written on tensors, so that a whole step can be one plan; clipping and schedules are
/// the caller's business.
public protocol Optimizer: Sendable {
  /// The name in printouts and checkpoints.
  var name: String { get }

  /// The learning rate before any schedule.
  var learningRate: Double { get set }

  /// Names of the tensors kept per parameter, of its shape, such as `m` and `v`; zero at first.
  var slots: [String] { get }

  /// The settings that checkpoints note.
  var settings: [String: Double] { get }

  /// The numbers of one step, the same for all parameters: the rate, corrections.
  ///
  /// They are inputs of the training step, so that a schedule costs no recompilation.
  /// - Parameter step: How many updates came before.
  func scalars(rate: Double, step: Int) -> [Double]

  /// Returns the new value of a parameter and of its state.
  ///
  /// - Parameters:
  ///   - state: The slots, of the parameter's type (`f32` for 16-bit parameters).
  ///   - scalars: Those of ``scalars(rate:step:)``, in the dtype of the state.
  func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor])
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

extension Optimizer {
  /// The type of a parameter's slots: `f32` for 16-bit floats.
  package func slotType(_ parameter: TensorType) -> TensorType {
    TensorType(parameter.dtype == .float64 ? .float64 : .float32, parameter.shape)
  }

  /// Updates a parameter of any floating dtype in the dtype of its slots.
  package func updated(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    let dtype = slotType(parameter.type).dtype
    let (value, state) = update(
      parameter.converted(to: dtype), gradient: gradient.converted(to: dtype), state: state,
      scalars: scalars.converted(to: dtype))
    return (value.converted(to: parameter.dtype), state)
  }

  /// Refuses settings that are not finite numbers from 0.
  package func checkSettings() throws(TensorError) {
    var all = settings
    all["learningRate"] = learningRate
    for (key, value) in all.sorted(by: { $0.key < $1.key }) where !(value >= 0 && value.isFinite) {
      throw TensorError(operation: name, reason: "\(key) \(value) is not a finite number from 0")
    }
  }
}
