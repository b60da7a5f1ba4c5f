import ApusCore
import ApusTestSupport
import Foundation
import Testing

@Suite("optimizer updates") struct OptimizerUpdateTests {
  /// The parameters after each step, of a rule that updates parameter and state.
  private func run(
    _ golden: GoldenCase, states: Int,
    _ rule: (_ p: Tensor, _ g: Tensor, _ state: [Tensor], _ step: Int) -> [Tensor]
  ) -> Tensor {
    var p = golden.inputs[0].tensor
    let gradients = golden.inputs[1].tensor
    var state = (0..<states).map { _ in Tensor(0, like: p) }
    var path: [Tensor] = []
    for step in 1...golden.int("steps") {
      let results = rule(p, gradients[step - 1], state, step)
      p = results[0]
      state = Array(results.dropFirst())
      path.append(p)
    }
    return stacked(path)
  }

  @Test("gradient descent with momentum follows PyTorch for 20 steps")
  func momentum() throws {
    for golden in try goldens("optimizer", op: "sgd") where golden.double("momentum") != 0 {
      let scalars = Tensor([golden.double("learningRate"), 1], shape: [2])
      let path = {
        run(golden, states: 1) { p, g, state, _ in
          let (parameter, velocity) = sgdMomentumUpdate(
            p, gradient: g, velocity: state[0], scalars: scalars,
            momentum: golden.double("momentum"), nesterov: golden.truth("nesterov"),
            weightDecay: golden.double("weightDecay"))
          return [parameter, velocity]
        }
      }
      try onExecutors { try expectClose(path(), golden.outputs[0].values, relative: 1e-10) }
    }
  }

  @Test("Adam and AdamW follow PyTorch for 20 steps", arguments: ["adam", "adamW"])
  func adam(_ name: String) throws {
    for golden in try goldens("optimizer", op: name) {
      let (beta1, beta2) = (golden.double("beta1"), golden.double("beta2"))
      let path = {
        run(golden, states: 2) { p, g, state, step in
          let scalars = Tensor(
            [
              golden.double("learningRate"), 1 - pow(beta1, Double(step)),
              1 - pow(beta2, Double(step)), 0.5,
            ], shape: [4])
          let (parameter, first, second) = adamUpdate(
            p, gradient: 2 * g, firstMoment: state[0], secondMoment: state[1], scalars: scalars,
            beta1: beta1, beta2: beta2, epsilon: golden.double("epsilon"),
            weightDecay: golden.double("weightDecay"), decoupled: name == "adamW")
          return [parameter, first, second]
        }
      }
      try onExecutors { try expectClose(path(), golden.outputs[0].values, relative: 1e-10) }
    }
  }

  @Test("refusals name the state that does not fit")
  func refusals() {
    let (p, g) = (standIn(.float32, [3]), standIn(.float32, [4]))
    let result = sgdMomentumUpdate(
      p, gradient: g, velocity: p, scalars: standIn(.float32, [2]), momentum: 0.9,
      file: "App.swift",
      line: 2)
    expectRefusal(
      result.parameter,
      """
      sgdMomentumUpdate: gradient must be f32[3], not f32[4]
        parameter: f32[3]
        gradient: f32[4]
        velocity: f32[3]
        scalars: f32[2]
        called at App.swift:2
      """)
    #expect(
      adamUpdate(p, gradient: p, firstMoment: p, secondMoment: p, scalars: standIn(.float32, [3]))
        .parameter.error?.reason == "scalars must be f32[4], not f32[3]")
  }
}
