import ApusCore
import ApusNN

/// The dtype that layers compute in.
public enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
  /// Everything in `float32`.
  case float32
  /// Everything in `float64`.
  case float64
  /// Layers in `bfloat16`; parameters, optimizer, loss and sums in `float32`, and with them the scales
  /// and statistics of batch norms.
  case mixedBFloat16

  /// The dtype that floating inputs are given in, and parameters are made for.
  var inputDType: DType { self == .float64 ? .float64 : .float32 }
}

/// What a trainer computes: traced into steps.
struct StepRecipe {
  let model: any Layer
  let loss: Loss
  let optimizer: any Optimizer
  let metrics: [Metric]
  let options: UpdateOptions
  let precision: Precision

  /// How many sums a step adds to: the loss and each metric.
  var sumCount: Int { 1 + metrics.count }

  /// Places of a training step's inputs; from `numbers` on, those of the update.
  enum Input { static let key = 2, number = 3, numbers = 4 }

  /// The rule that moves the parameters of a state.
  func rule(_ state: TrainingState) throws(TensorError) -> UpdateRule {
    try UpdateRule(
      optimizer, options,
      parameters: state.trainable.map { (state.variables[$0].path, state.held.types[$0]) })
  }

  /// The step of training: inputs are `x, y, key, number` and the numbers of the update.
  ///
  /// - Parameter updates: Whether parameters move; otherwise gradients are gathered.
  func training(
    _ state: TrainingState, _ rule: UpdateRule, _ x: TensorType, _ y: TensorType, updates: Bool
  ) throws(TensorError) -> StepPlan {
    let numbers = rule.numbers(rate: optimizer.learningRate, step: 0)
    let types =
      [x, y, TensorType(.int64, [2]), TensorType(.int64, [Int]())]
      + (updates ? numbers.map { TensorType(scalarDType, [$0.count]) } : [])
    let samples = Double(x.rank > 0 ? x[0] : 1)
    return try StepPlan(state: state.held, inputs: types, samples: [0, 1]) {
      (places, inputs) throws(TensorError) in
      let key = RandomKey(inputs[Input.key]).folding(in: inputs[Input.number])
      let context = Context(isTraining: true, key: key)
      let (prediction, loss) = try forward(state, places, inputs[0], inputs[1], context)
      let points = state.trainable.map { places[$0] }
      let found = vectorJacobianProduct(
        of: [loss], cotangents: [Tensor(1, like: loss)], withRespectTo: points)
      let gradients = zip(points, found).map { $1 ?? Tensor(0, like: $0) }
      var trace = StepPlan.Trace()
      func replace(_ place: Int, by value: Tensor) {
        trace.updates[trace.outputs.count] = place
        trace.outputs.append(value)
      }
      let slots = state.slots.map { $0.map { places[$0] } }
      if updates {
        let results = try rule.updated(
          points, gradients: gradients, state: slots,
          numbers: Array(inputs.dropFirst(Input.numbers)), samples: samples, key: key)
        for (index, place) in state.trainable.enumerated() {
          replace(place, by: results[index].value)
          for (slot, value) in zip(state.slots[index], results[index].state) {
            replace(slot, by: value)
          }
        }
      } else {
        let gathered = rule.gathered(gradients, state: slots, samples: samples)
        let place = rule.gradientPlace
        for (slots, values) in zip(state.slots, gathered) {
          replace(slots[place], by: values[place])
        }
      }
      for (buffer, value) in context.updates {
        guard
          let place = state.buffers.first(where: {
            state.variables[$0].variable === buffer.variable
          })
        else { continue }
        replace(place, by: value.converted(to: state.held.types[place].dtype))
      }
      for (place, sum) in sums(state, places, prediction, inputs[1], loss) {
        replace(place, by: sum)
      }
      return trace
    }
  }

  /// The step of evaluation: inputs are `x, y`; adds to the sums.
  func evaluation(
    _ state: TrainingState, _ x: TensorType, _ y: TensorType
  ) throws(TensorError) -> StepPlan {
    try StepPlan(
      state: state.held, inputs: [x, y], samples: [0, 1]
    ) { (places, inputs) throws(TensorError) in
      let (prediction, loss) = try forward(
        state, places, inputs[0], inputs[1], Context(isTraining: false))
      var trace = StepPlan.Trace()
      for (place, sum) in sums(state, places, prediction, inputs[1], loss) {
        trace.updates[trace.outputs.count] = place
        trace.outputs.append(sum)
      }
      return trace
    }
  }

  /// The step of prediction: the input is `x`, the output the model's.
  func prediction(_ state: TrainingState, _ x: TensorType) throws(TensorError) -> StepPlan {
    try StepPlan(
      state: state.held, inputs: [x], samples: [0]
    ) { (places, inputs) throws(TensorError) in
      let y = call(state, places, inputs[0], Context(isTraining: false))
      if let error = y.error { throw error }
      return StepPlan.Trace(outputs: [y])
    }
  }

  /// The dtype of the numbers that go into each update.
  var scalarDType: DType { precision == .float64 ? .float64 : .float32 }

  private func forward(
    _ state: TrainingState, _ places: [Tensor], _ x: Tensor, _ y: Tensor, _ context: Context
  ) throws(TensorError) -> (prediction: Tensor, loss: Tensor) {
    let prediction = call(state, places, x, context)
    if let error = prediction.error { throw error }
    let target = precision == .float64 && y.dtype.isFloating ? y.converted(to: .float64) : y
    let at = CallSite.ofRun
    var loss = loss(prediction, target, file: at.file, line: at.line)
    let weights = state.variables[..<state.buffers.lowerBound].indices.map {
      (path: state.variables[$0].path, value: places[$0])
    }
    for penalty in [context.penalty, options.penalties.sum(over: weights)] {
      if let penalty { loss = loss + penalty.converted(to: loss.dtype) }
    }
    if let error = loss.error { throw error }
    guard loss.count == 1, loss.dtype.isFloating else {
      throw TensorError(
        operation: self.loss.name, reason: "a loss must be one floating number",
        operands: [.init(name: "loss", type: loss.type)])
    }
    return (prediction, loss.reshaped(to: Shape([])))
  }

  /// Calls the model with the places of the state as its variables.
  private func call(
    _ state: TrainingState, _ places: [Tensor], _ x: Tensor, _ context: Context
  ) -> Tensor {
    let low = precision == .mixedBFloat16
    func inner(_ tensor: Tensor) -> Tensor {
      switch (precision, tensor.dtype) {
      case (.mixedBFloat16, .float32): tensor.converted(to: .bfloat16)
      case (.float64, let dtype) where dtype.isFloating: tensor.converted(to: .float64)
      default: tensor
      }
    }
    let variables = state.variables.map(\.variable)
    let bindings = Bindings(
      variables,
      zip(variables, places).map { variable, place in
        low && variable.keepsPrecision ? place : inner(place)
      })
    let at = CallSite.ofRun
    let y = Bindings.$current.withValue(bindings) {
      model(inner(x), context, file: at.file, line: at.line)
    }
    return low && y.dtype == .bfloat16 ? y.converted(to: .float32) : y
  }

  /// The sums after a batch: every mean counts with the number of samples.
  private func sums(
    _ state: TrainingState, _ places: [Tensor], _ prediction: Tensor, _ y: Tensor, _ loss: Tensor
  ) -> [(place: Int, sum: Tensor)] {
    let count = Double(Metric.samples(of: y))
    let totals = [loss.converted(to: .float64) * count] + metrics.map { $0.sum(prediction, y) }
    return zip(state.sums, totals).map { place, total in
      (place, places[place] + total.reshaped(to: Shape([])))
    }
  }
}
