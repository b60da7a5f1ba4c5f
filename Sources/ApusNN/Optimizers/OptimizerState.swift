import ApusCore

/// An optimizer and what it remembers of a model's parameters, for hand-written loops.
///
/// ```swift
/// var state = OptimizerState(Adam(), for: model)
/// let (loss, gradients) = model.valueAndGradients { Loss.meanSquaredError(model(x), y) }
/// try state.update(gradients)
/// ```
public struct OptimizerState: Sendable {
  public private(set) var optimizer: any Optimizer
  /// How many updates were made.
  public private(set) var step = 0
  private let parameters: [Parameter]
  private var slots: [[Tensor]]?

  /// Creates the state for the trainable parameters of a model.
  public init(_ optimizer: any Optimizer, for model: some Module) {
    self.optimizer = optimizer
    parameters = model.parameters.map(\.parameter).filter(\.isTrainable)
  }

  /// Updates the parameters from gradients in their order, and evaluates them.
  ///
  /// - Parameter rate: Takes the place of the optimizer's learning rate.
  /// - Throws: The error of a failed gradient; parameters are then unchanged.
  public mutating func update(_ gradients: [Tensor], rate: Double? = nil) throws(TensorError) {
    try optimizer.checkSettings()
    guard gradients.count == parameters.count else {
      throw TensorError(
        operation: optimizer.name,
        reason: "\(gradients.count) gradients for \(parameters.count) trainable parameters")
    }
    let numbers = optimizer.scalars(rate: rate ?? optimizer.learningRate, step: step)
    let scalars = Tensor(numbers)
    var values: [Tensor] = []
    var state: [[Tensor]] = []
    for (index, parameter) in parameters.enumerated() {
      let value = parameter.value
      let type = optimizer.slotType(value.type)
      let old =
        slots?[index]
        ?? optimizer.slots.map { _ in
          Tensor.zeros(type.shape, dtype: type.dtype)
        }
      let (new, kept) = optimizer.updated(
        value, gradient: gradients[index], state: old, scalars: scalars)
      values.append(new)
      state.append(kept)
    }
    try eval(values + state.flatMap { $0 })
    for (parameter, value) in zip(parameters, values) { try parameter.assign(value) }
    slots = state
    step += 1
  }
}
