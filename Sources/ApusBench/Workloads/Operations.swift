import Apus

extension WorkloadMaker {
  /// One operation forward and backward.
  static var operations: [WorkloadMaker] {
    func attention(_ name: String, _ shape: Shape) -> WorkloadMaker {
      WorkloadMaker(name: name, warmUp: 5) {
        try OperationWorkload([shape, shape, shape, shape]) {
          scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
        }
      }
    }
    return [
      attention("attention", [16, 128, 4, 64]), attention("attention1k", [1, 1024, 4, 64]),
      WorkloadMaker(name: "layernorm", warmUp: 5) {
        try OperationWorkload([[2048, 768], [768], [768], [2048, 768]]) {
          $0[0].layerNormalized(gamma: $0[1], beta: $0[2])
        }
      },
    ]
  }
}

/// One operation forward and backward on given numbers.
///
/// Its "loss" is the mean size of the elements of the result and of every gradient: the same each
/// step, and on every side.
struct OperationWorkload: Workload {
  private let step: CompiledFunction
  private let inputs: [Tensor]

  /// - Parameter shapes: Those of the inputs, then that of the weights of the result.
  init(_ shapes: [Shape], _ function: @escaping @Sendable ([Tensor]) -> Tensor) throws {
    inputs = shapes.enumerated().map { givenNumbers($1, seed: $0 + 1) }
    try eval(inputs)
    step = compile { arguments in
      let points = Array(arguments.dropLast())
      let weight = arguments[arguments.count - 1]
      let y = function(points)
      return [y] + gradients(at: points) { (function($0) * weight).sum() }
    }
  }

  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double) {
    var results: [Tensor] = []
    let start = ContinuousClock.now
    for _ in 0..<steps { results = try step(inputs) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let size = try results.map { try Double($0.abs().mean().scalar()) }.reduce(0, +)
    return (seconds, size)
  }

  func firstLoss() throws -> Double { try run(steps: 1, readEvery: 1).loss }
}
