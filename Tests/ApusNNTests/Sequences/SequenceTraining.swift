import ApusCore
import ApusNN
import ApusTestSupport

/// Trains a model by hand-written steps until the loss is small, and returns the last loss.
func train(
  _ model: some Module, steps: Int, until goal: Double, rate: Double = 0.02, seed: Int = 1,
  _ loss: (_ step: Int, Context) -> Tensor
) throws -> Double {
  _ = loss(0, Context(isTraining: false))
  try eval(model.parameters.map(\.parameter.value))
  var state = OptimizerState(Adam(learningRate: rate), for: model)
  var last = Double.infinity
  for step in 0..<steps {
    let context = Context(isTraining: true, key: RandomKey(seed: seed).folding(in: step))
    let (value, gradients) = model.valueAndGradients { loss(step, context) }
    let limited = clippedByGlobalNorm(gradients, 1).clipped
    try eval([value] + limited)
    try state.update(limited)
    try context.applyUpdates()
    last = try value.scalar(as: Double.self)
    if last < goal { break }
  }
  return last
}
