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
  public let options: UpdateOptions
  /// How many updates were made.
  public private(set) var step = 0
  /// Batches gathered since the last update, and their samples.
  public private(set) var pending: (batches: Int, samples: Int) = (0, 0)
  private let parameters: [(path: String, parameter: Parameter)]
  private let seed: UInt64
  private var settled: Settled?

  private struct Settled: Sendable {
    let rule: UpdateRule
    /// Which parameters are not frozen.
    let places: [Int]
    var slots: [[Tensor]]
  }

  /// Creates the state for the trainable parameters of a model.
  ///
  /// - Parameter seed: Decides the noise on gradients, if there is any.
  public init(
    _ optimizer: any Optimizer, for model: some Module, options: UpdateOptions = UpdateOptions(),
    seed: UInt64 = 0
  ) {
    self.optimizer = optimizer
    self.options = options
    self.seed = seed
    parameters = model.parameters.filter(\.parameter.isTrainable)
  }

  /// Updates the parameters from gradients in their order, and evaluates them.
  ///
  /// With ``UpdateOptions/accumulation`` over k batches, parameters move in every k-th call.
  /// - Parameters:
  ///   - rate: Takes the place of the optimizer's learning rate.
  ///   - samples: How many samples the gradients are the mean of; weighs batches that are gathered.
  /// - Throws: The error of a failed gradient; parameters are then unchanged.
  /// - Returns: Whether parameters moved.
  @discardableResult
  public mutating func update(
    _ gradients: [Tensor], rate: Double? = nil, samples: Int = 1
  ) throws(TensorError) -> Bool {
    let settled = try settle()
    guard gradients.count == parameters.count else {
      throw TensorError(
        operation: optimizer.name,
        reason: "\(gradients.count) gradients for \(parameters.count) trainable parameters")
    }
    guard (1...1 << 48).contains(samples) else {
      throw TensorError(
        operation: optimizer.name, reason: "\(samples) samples are not a number from 1 to 2^48")
    }
    let live = settled.places.map { gradients[$0] }
    if pending.batches + 1 < options.accumulation {
      let slots = settled.rule.gathered(live, state: settled.slots, samples: Double(samples))
      try eval(slots.flatMap { $0 })
      self.settled?.slots = slots
      pending = (pending.batches + 1, pending.samples.plusClamped(samples))
      return false
    }
    try apply(live, samples, settled, rate)
    return true
  }

  /// Updates the parameters from the batches gathered so far; does nothing when there are none.
  public mutating func flush(rate: Double? = nil) throws(TensorError) {
    guard pending.batches > 0, let settled else { return }
    let zeros = settled.places.map { Tensor(0, like: parameters[$0].parameter.value) }
    try apply(zeros, 0, settled, rate)
  }

  private mutating func apply(
    _ gradients: [Tensor], _ samples: Int, _ settled: Settled, _ rate: Double?
  ) throws(TensorError) {
    let numbers = settled.rule.numbers(
      rate: rate ?? optimizer.learningRate, step: step,
      samples: Double(pending.samples.plusClamped(samples)))
    let key = RandomKey(seed: Int(truncatingIfNeeded: seed)).folding(in: step)
    let live = settled.places.map { parameters[$0].parameter }
    let results = try settled.rule.updated(
      live.map(\.value), gradients: gradients, state: settled.slots,
      numbers: numbers.map { Tensor($0) }, samples: Double(samples), key: key)
    try eval(results.map(\.value) + results.flatMap(\.state))
    for (parameter, result) in zip(live, results) { try parameter.assign(result.value) }
    self.settled?.slots = results.map(\.state)
    step += 1
    pending = (0, 0)
  }

  /// The rule for the parameters, whose types are known by now.
  private mutating func settle() throws(TensorError) -> Settled {
    if let settled { return settled }
    try optimizer.checkSettings()
    try options.check()
    var live: [(path: String, type: TensorType)] = []
    var places: [Int] = []
    var slots: [[Tensor]] = []
    let names = UpdateRule.slots(optimizer, options)
    for (place, (path, parameter)) in parameters.enumerated() {
      let value = parameter.value
      if let error = value.error { throw error }
      if options.isFrozen(path, value.type) { continue }
      let type = optimizer.slotType(value.type)
      places.append(place)
      live.append((path, value.type))
      slots.append(
        names.map {
          $0 == UpdateRule.averageSlot
            ? value.converted(to: type.dtype) : Tensor.zeros(type.shape, dtype: type.dtype)
        })
    }
    let rule = try UpdateRule(optimizer, options, parameters: live)
    let new = Settled(rule: rule, places: places, slots: slots)
    settled = new
    return new
  }
}

extension OptimizerState {
  /// The averages of the weights by parameter path; empty without ``UpdateOptions/average``, and
  /// before the first update.
  public var averages: [String: Tensor] {
    guard options.average != nil, let settled else { return [:] }
    var result: [String: Tensor] = [:]
    for (place, slots) in zip(settled.places, settled.slots) {
      let (path, parameter) = parameters[place]
      let dtype = parameter.type?.dtype ?? .float32
      result[path] = slots.last?.converted(to: dtype)
    }
    return result
  }

  /// Runs `body` while the parameters have their averages as values, then gives them back their own.
  ///
  /// ```swift
  /// try state.withAverages { try save(model, to: "averaged.safetensors") }
  /// ```
  public func withAverages<R>(_ body: () throws -> R) throws -> R {
    let averages = averages
    let swapped = parameters.filter { averages[$0.path] != nil }
    return try swapping(
      swapped.map(\.parameter.variable), swapped.compactMap { averages[$0.path] }, body)
  }
}

/// Runs `body` while variables have other values.
package func swapping<R>(
  _ variables: [Variable], _ values: [Tensor], _ body: () throws -> R
) throws -> R {
  let own = variables.map(\.value)
  try eval(values + own)
  for (variable, value) in zip(variables, values) { try variable.assign(value) }
  let result = Result(catching: body)
  for (variable, value) in zip(variables, own) { try variable.assign(value) }
  return try result.get()
}
