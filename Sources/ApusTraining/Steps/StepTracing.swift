import ApusCore
import ApusNN

/// The dtype that layers compute in.
public enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
  /// Everything in `float32`.
  case float32
  /// Everything in `float64`.
  case float64
  /// Layers in `bfloat16`; parameters, optimizer, loss and sums in `float32`.
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
  let clipping: GradientClipping?
  let precision: Precision

  /// How many sums a step adds to: the loss and each metric.
  var sumCount: Int { 1 + metrics.count }

  /// The step of training: inputs are `x, y, scalars, key, step`.
  func training(
    _ state: TrainingState, _ x: TensorType, _ y: TensorType
  ) throws(TensorError) -> StepPlan {
    let scalars = TensorType(
      scalarDType, [optimizer.scalars(rate: optimizer.learningRate, step: 0).count])
    let types = [x, y, scalars, TensorType(.int64, [2]), TensorType(.int64, [Int]())]
    return try StepPlan(state: state.held, inputs: types) {
      (places, inputs) throws(TensorError) in
      let key = RandomKey(inputs[3]).folding(in: inputs[4])
      let context = Context(isTraining: true, key: key)
      let (prediction, loss) = try forward(state, places, inputs[0], inputs[1], context)
      let points = state.trainable.map { places[$0] }
      let found = vectorJacobianProduct(
        of: [loss], cotangents: [Tensor(1, like: loss)], withRespectTo: points)
      var gradients = zip(points, found).map { $1 ?? Tensor(0, like: $0) }
      if let clipping { gradients = clipping(gradients) }
      var trace = StepPlan.Trace()
      func replace(_ place: Int, by value: Tensor) {
        trace.updates[trace.outputs.count] = place
        trace.outputs.append(value)
      }
      for (index, place) in state.trainable.enumerated() {
        let (value, slots) = optimizer.updated(
          places[place], gradient: gradients[index], state: state.slots[index].map { places[$0] },
          scalars: inputs[2])
        replace(place, by: value)
        guard slots.count == state.slots[index].count else {
          throw TensorError(
            operation: optimizer.name,
            reason: "update gives \(slots.count) slots, there are \(state.slots[index].count)")
        }
        for (slot, value) in zip(state.slots[index], slots) { replace(slot, by: value) }
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
    try StepPlan(state: state.held, inputs: [x, y]) { (places, inputs) throws(TensorError) in
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
    try StepPlan(state: state.held, inputs: [x]) { (places, inputs) throws(TensorError) in
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
    var loss = loss(prediction, target)
    if let penalty = context.penalty { loss = loss + penalty.converted(to: loss.dtype) }
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
    let bindings = Bindings(variables, zip(variables.indices, places).map { inner($1) })
    let y = Bindings.$current.withValue(bindings) { model(inner(x), context) }
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
