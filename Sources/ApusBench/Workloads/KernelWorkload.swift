import Apus

/// A workload that answers with the seconds of its steps and a number both sides must agree on.
protocol TimedWorkload {
  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double)
}

extension Workload: TimedWorkload {}

/// One operation forward and backward on fixed numbers, as Benchmarks/README.md describes it.
///
/// Its "loss" is the mean size of the elements of the result and of every gradient: the same each
/// step, and on every side.
struct KernelWorkload: TimedWorkload {
  static let names = ["attention", "attention1k", "layernorm"]

  private let step: CompiledFunction
  private let inputs: [Tensor]

  init?(_ name: String) throws {
    let shapes: [Shape]
    switch name {
    case "attention", "attention1k":
      let shape: Shape = name == "attention" ? [16, 128, 4, 64] : [1, 1024, 4, 64]
      shapes = Array(repeating: shape, count: 4)
      step = Self.withGradients {
        scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
      }
    case "layernorm":
      shapes = [[2048, 768], [768], [768], [2048, 768]]
      step = Self.withGradients { $0[0].layerNormalized(gamma: $0[1], beta: $0[2]) }
    default: return nil
    }
    inputs = shapes.enumerated().map { Self.numbers($1, $0) }
    try eval(inputs)
  }

  /// The result of all inputs but the last, and their gradients; the last weighs the result.
  private static func withGradients(
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> CompiledFunction {
    compile { arguments in
      let points = Array(arguments.dropLast())
      let weight = arguments[arguments.count - 1]
      let y = function(points)
      return [y] + gradients(at: points) { (function($0) * weight).sum() }
    }
  }

  /// Numbers between -1 and 1 that any language makes alike.
  private static func numbers(_ shape: Shape, _ part: Int) -> Tensor {
    Tensor(
      (0..<shape.count).map { Float(($0 * 7919 + 131 * part) % 1009) / 504.5 - 1 }, shape: shape)
  }

  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double) {
    var results: [Tensor] = []
    let start = ContinuousClock.now
    for _ in 0..<steps { results = try step(inputs) }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let size = try results.map { try Double($0.abs().mean().scalar()) }.reduce(0, +)
    return (seconds, size)
  }
}
