import Apus

extension WorkloadMaker {
  /// Operations on 16 M floats, whose cost is that of moving them.
  static var largeOperations: [WorkloadMaker] {
    let rows: Shape = [16384, 1024]
    func one(
      _ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor
    ) -> WorkloadMaker {
      WorkloadMaker(name: name) {
        try FunctionWorkload([givenNumbers(rows, seed: 1)]) { [function($0[0])] }
      }
    }
    return [
      one("softmax16m") { $0.softmax() },
      WorkloadMaker(name: "layernorm16m") {
        let inputs = [rows, [1024], [1024]].enumerated().map { givenNumbers($1, seed: $0 + 1) }
        return try FunctionWorkload(inputs) {
          [$0[0].layerNormalized(gamma: $0[1], beta: $0[2])]
        }
      },
      one("gelu16m") { ($0 * 1.5 + 0.25).gelu() + 0.5 },
      WorkloadMaker(name: "adam16m") { try AdamWorkload(rows) },
      one("sum16m") { $0.sum() }, one("columns16m") { $0.sum(axes: [0]) },
      one("rows16m") { $0.max(axes: [1]) },
    ]
  }
}

/// Updates of one parameter by Adam, in place, with the same gradient each step.
final class AdamWorkload: Workload {
  private let function: StatefulFunction
  private let start: Tensor
  private let gradient: Tensor
  private let optimizer = Adam(learningRate: 0.001)
  private var done = 0

  init(_ shape: Shape) throws {
    gradient = givenNumbers(shape, seed: 2)
    start = givenNumbers(shape, seed: 1)
    let state = [start, .zeros(shape), .zeros(shape)]
    try eval(state + [gradient])
    let optimizer = optimizer
    function = try StatefulFunction(state: state) { state, inputs in
      let (p, moments) = optimizer.update(
        state[0], gradient: inputs[0], state: Array(state[1...]), scalars: inputs[1])
      return ([p] + moments, [])
    }
  }

  func plan() throws -> PlanReport {
    let scalars = optimizer.scalars(rate: optimizer.learningRate, step: 0)
    return try function.plan(for: [gradient.type, TensorType(.float32, [scalars.count])])
  }

  /// Makes steps.
  ///
  /// One step more is made before the clock starts: it copies the state that was read after the last
  /// ones, since tensors somebody holds never change.
  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    try step()
    let watch = Stopwatch()
    for _ in 0..<steps { try step() }
    let seconds = watch.seconds
    return (seconds, try size())
  }

  func firstLoss() throws -> Double {
    try step()
    return try size()
  }

  /// The size of the change of the parameter in units of the rate, and that of the moments.
  private func size() throws -> Double {
    let state = function.state
    return try meanSize(of: [
      (state[0] - start) / optimizer.learningRate, state[1] / (1 - optimizer.beta1),
      state[2] / (1 - optimizer.beta2),
    ])
  }

  private func step() throws {
    let scalars = optimizer.scalars(rate: optimizer.learningRate, step: done).map { Float($0) }
    _ = try function([gradient, Tensor(scalars)])
    done += 1
  }
}
