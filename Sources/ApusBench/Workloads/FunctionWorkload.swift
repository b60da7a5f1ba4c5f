import Apus

/// A compiled function applied to given inputs, the same each step.
///
/// Its "loss" is the sum of the root mean squares of the results.
struct FunctionWorkload: Workload {
  private let function: CompiledFunction
  private let inputs: [Tensor]

  init(_ inputs: [Tensor], _ function: @escaping @Sendable ([Tensor]) -> [Tensor]) throws {
    self.inputs = inputs
    self.function = compile(function)
    try eval(inputs)
  }

  /// A function and its gradients.
  /// - Parameter shapes: Those of the inputs, then that of the weights of the result.
  init(
    forwardAndBackward shapes: [Shape], _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) throws {
    try self.init(shapes.enumerated().map { givenNumbers($1, seed: $0 + 1) }) { arguments in
      let points = Array(arguments.dropLast())
      let weight = arguments[arguments.count - 1]
      let y = function(points)
      return [y] + gradients(at: points) { (function($0) * weight).sum() }
    }
  }

  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    var results: [Tensor] = []
    let watch = Stopwatch()
    for _ in 0..<steps { results = try function(inputs) }
    let seconds = watch.seconds
    return (seconds, try meanSize(of: results))
  }

  func plan() throws -> PlanReport { try function.plan(for: inputs.map(\.type)) }

  func firstLoss() throws -> Double { try run(steps: 1).loss }
}

/// The sum of the root mean squares of tensors.
func meanSize(of tensors: [Tensor]) throws -> Double {
  try tensors.map { try Double($0.square().mean().sqrt().scalar()) }.reduce(0, +)
}
