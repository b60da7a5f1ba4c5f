import ApusCore

/// An optimizer and its options settled for the parameters of a model: what trainers and hand-written
/// loops have in common.
package struct UpdateRule: Sendable {
  /// What is settled for a parameter.
  struct Target: Sendable {
    let decay: WeightDecay
    /// Which of the rates is its.
    let rate: Int
    let isClipped: Bool
    let constraints: [ParameterConstraint]
  }

  package let optimizer: any Optimizer
  package let options: UpdateOptions
  let targets: [Target]
  /// The different factors of the learning rate.
  let rates: [Double]
  package let rowCount: Int

  package static let gradientSlot = "accumulatedGradient"
  package static let averageSlot = "averagedWeight"

  /// Settles the options for parameters that are not frozen.
  package init(
    _ optimizer: any Optimizer, _ options: UpdateOptions,
    parameters: [(path: String, type: TensorType)]
  ) throws(TensorError) {
    try optimizer.checkSettings()
    try options.check()
    var rates: [Double] = []
    var targets: [Target] = []
    for (path, type) in parameters {
      let groups = options.groups.filter { $0.contains(path, type) }
      let rate = groups.reduce(1) { $0 * $1.rate }
      let index = rates.firstIndex(of: rate) ?? rates.count
      if index == rates.count { rates.append(rate) }
      let own = WeightDecay(optimizer.weightDecay, optimizer.decay)
      targets.append(
        Target(
          decay: groups.last { $0.weightDecay != nil }?.weightDecay ?? own, rate: index,
          isClipped: groups.allSatisfy(\.isClipped),
          constraints: options.constraints.filter { $0.covers(path) }))
    }
    self.optimizer = optimizer
    self.options = options
    self.targets = targets
    self.rates = rates.isEmpty ? [1] : rates
    let needsControls =
      options.average != nil || options.accumulation > 1 || options.noise != nil
    rowCount = self.rates.count + (needsControls ? 1 : 0)
  }

  /// Names of all tensors kept per parameter: the optimizer's, then those of the options.
  package static func slots(_ optimizer: any Optimizer, _ options: UpdateOptions) -> [String] {
    optimizer.slots + (options.accumulation > 1 ? [gradientSlot] : [])
      + (options.average == nil ? [] : [averageSlot])
  }

  /// The numbers of an update: the optimizer's for every rate, then, where they are needed, the share
  /// of new weights in the average, what the sum of gradients is multiplied by, the noise.
  ///
  /// They are inputs of the step.
  package func numbers(rate: Double, step: Int, samples: Double = 1) -> [[Double]] {
    (0..<rowCount).map { row($0, rate: rate, step: step, samples: samples) }
  }

  /// One of the rows of ``numbers(rate:step:samples:)``.
  package func row(_ index: Int, rate: Double, step: Int, samples: Double) -> [Double] {
    if index < rates.count { return optimizer.scalars(rate: rate * rates[index], step: step) }
    return [
      options.average?.share(after: step.plusClamped(1)) ?? 0, 1 / samples,
      options.noise?.deviation(at: step) ?? 0,
    ]
  }

  /// Where the sum of gradients is among a parameter's slots.
  package var gradientPlace: Int { optimizer.slots.count }

  /// Returns the sums of gradients with those of a batch of `samples` added; no parameter moves.
  ///
  /// - Returns: For each parameter the tensors of all its slots.
  package func gathered(
    _ gradients: [Tensor], state: [[Tensor]], samples: Double
  ) -> [[Tensor]] {
    zip(gradients, state).map { gradient, state in
      var state = state
      guard state.indices.contains(gradientPlace) else { return state }
      let sum = state[gradientPlace]
      state[gradientPlace] = sum + samples * gradient.converted(to: sum.dtype)
      return state
    }
  }

  /// Returns new values and slots of all parameters.
  ///
  /// - Parameters:
  ///   - numbers: Those of ``numbers(rate:step:samples:)``, with the samples of all batches gathered.
  ///   - samples: How many the batch has that `gradients` are of.
  ///   - key: Draws the noise.
  package func updated(
    _ values: [Tensor], gradients: [Tensor], state: [[Tensor]], numbers: [Tensor], samples: Double,
    key: RandomKey?
  ) throws(TensorError) -> [(value: Tensor, state: [Tensor])] {
    guard
      [values.count, gradients.count, state.count].allSatisfy({ $0 == targets.count }),
      numbers.count == rowCount, let controls = numbers.last
    else {
      throw TensorError(
        operation: optimizer.name,
        reason: "\(gradients.count) gradients for \(targets.count) trainable parameters")
    }
    var gradients = gradients
    if options.accumulation > 1 {
      gradients = gathered(gradients, state: state, samples: samples).map {
        $0.slot(gradientPlace) * controls[1].converted(to: $0.slot(gradientPlace).dtype)
      }
    }
    gradients = clipped(noisy(gradients, controls, key))
    var results: [(value: Tensor, state: [Tensor])] = []
    for index in targets.indices {
      results.append(
        try updated(
          targets[index], values[index], gradients[index], state[index], numbers, controls))
    }
    return results
  }

  private func noisy(_ gradients: [Tensor], _ controls: Tensor, _ key: RandomKey?) -> [Tensor] {
    guard options.noise != nil, let key else { return gradients }
    return gradients.enumerated().map { index, gradient in
      let noise = Tensor.normal(
        gradient.shape, dtype: gradient.dtype, key: key.folding(in: -1 << 40 - index))
      return gradient + controls[2].converted(to: gradient.dtype) * noise
    }
  }

  private func clipped(_ gradients: [Tensor]) -> [Tensor] {
    guard let clipping = options.clipping else { return gradients }
    let places = targets.indices.filter { targets[$0].isClipped }
    var result = gradients
    for (place, gradient) in zip(places, clipping(places.map { gradients[$0] })) {
      result[place] = gradient
    }
    return result
  }

  private func updated(
    _ target: Target, _ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor],
    _ numbers: [Tensor], _ controls: Tensor
  ) throws(TensorError) -> (value: Tensor, state: [Tensor]) {
    let dtype = optimizer.slotType(parameter.type).dtype
    let count = optimizer.slots.count
    var (value, slots) = optimizer.update(
      parameter.converted(to: dtype), gradient: gradient.converted(to: dtype),
      state: Array(state.prefix(count)), scalars: numbers[target.rate].converted(to: dtype),
      decay: target.decay)
    guard slots.count == count else {
      throw TensorError(
        operation: optimizer.name, reason: "update gives \(slots.count) slots, there are \(count)")
    }
    for constraint in target.constraints { value = constraint(value) }
    if options.accumulation > 1 { slots.append(Tensor(0, like: state.slot(gradientPlace))) }
    if options.average != nil {
      let average = state.slot(state.count - 1)
      slots.append(average + controls[0].converted(to: dtype) * (value - average))
    }
    return (value.converted(to: parameter.dtype), slots)
  }
}
