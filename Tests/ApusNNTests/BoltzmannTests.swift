import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("restricted Boltzmann machine") struct BoltzmannTests {
  private let data = Tensor([1.0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1], shape: [4, 3])

  @Test("the gradient is ⟨p(h|v)·vᵀ⟩ of the model's states less that of the data")
  func gradient() throws {
    try TestExecutor.cpu.run {
      for units in [.bernoulli, .gaussian] as [RestrictedBoltzmannMachine.VisibleUnits] {
        let machine = SmallMachine(units)
        var end = Tensor(0)
        let (_, gradients) = machine.layer.valueAndGradients {
          let result = machine.layer.contrastiveDivergence(data, steps: 3, .training(seed: 5))
          end = result.chain
          return result.loss
        }
        #expect(try end.scalars(as: Double.self) != data.scalars(as: Double.self))
        func statistics(_ v: Tensor) throws -> [[Double]] {
          let (rows, hidden) = (
            try v.scalars(as: Double.self), try machine.layer(v).scalars(as: Double.self)
          )
          var (w, a, b) = ([0.0, 0, 0, 0, 0, 0], [0.0, 0, 0], [0.0, 0])
          for n in 0..<4 {
            for j in 0..<2 {
              b[j] += hidden[n * 2 + j] / 4
              for i in 0..<3 { w[j * 3 + i] += hidden[n * 2 + j] * rows[n * 3 + i] / 4 }
            }
            for i in 0..<3 { a[i] += rows[n * 3 + i] / 4 }
          }
          return [w, a, b]
        }
        let (positive, negative) = (try statistics(data), try statistics(end))
        for (index, gradient) in gradients.enumerated() {
          try expectClose(gradient, zip(positive[index], negative[index]).map { $1 - $0 })
        }
      }
    }
  }

  @Test("many chains of many steps come to the gradient of the exact likelihood")
  func likelihood() throws {
    try TestExecutor.cpu.run {
      let machine = SmallMachine(.bernoulli)
      let states = machine.states(.bernoulli)
      // −log p(v) = F(v) + log Σ over all v of e^(−F(v))
      let (_, exact) = machine.layer.valueAndGradients {
        machine.layer.freeEnergy(data).mean()
          + (-machine.layer.freeEnergy(states)).logSumExp()
      }
      let start = Tensor.bernoulli(0.5, shape: [20_000, 3], key: RandomKey(seed: 2))
        .converted(to: .float64)
      let (_, found) = machine.layer.valueAndGradients {
        machine.layer.contrastiveDivergence(data, steps: 50, chain: start, .training(seed: 7)).loss
      }
      for (a, b) in zip(found, exact) {
        // Five standard errors of a mean of 20,000 numbers in 0…1.
        try expectClose(a, b.scalars(as: Double.self), absolute: 0.018, relative: 0)
      }
    }
  }

  @Test("Gibbs chains visit states as often as their probabilities say")
  func stationary() throws {
    try TestExecutor.cpu.run {
      let machine = SmallMachine(.bernoulli)
      let energies = try machine.layer.freeEnergy(machine.states(.bernoulli))
        .scalars(as: Double.self)
      let total = energies.reduce(0) { $0 + exp(-$1) }
      let count = 20_000
      let end = machine.layer.gibbsSampled(
        Tensor.zeros([count, 3], dtype: .float64), steps: 60, .training(seed: 3))
      let rows = try end.scalars(as: Double.self)
      var found = [Int](repeating: 0, count: 8)
      for n in 0..<count {
        found[Int(rows[n * 3] + 2 * rows[n * 3 + 1] + 4 * rows[n * 3 + 2])] += 1
      }
      for (state, energy) in energies.enumerated() {
        let p = exp(-energy) / total
        let deviation = (p * (1 - p) / Double(count)).squareRoot()
        let share = Double(found[state]) / Double(count)
        #expect(abs(share - p) < 5 * deviation, "\(state)")
      }
    }
  }

  @Test(
    "training by CD-1 and by persistent chains raises the likelihood", arguments: [false, true])
  func training(isPersistent: Bool) throws {
    try TestExecutor.cpu.run {
      let machine = RestrictedBoltzmannMachine(4)
      try machine.build(TensorType(.float64, [4, 3]), seed: 1)
      let states = SmallMachine(.bernoulli).states(.bernoulli)
      func likelihood() throws -> Double {
        let value =
          machine.freeEnergy(data).mean() + (-machine.freeEnergy(states)).logSumExp()
        return -(try value.scalar(as: Double.self))
      }
      let before = try likelihood()
      var state = OptimizerState(SGD(learningRate: 0.3), for: machine)
      var chain: Tensor? = nil
      for step in 0..<300 {
        let context = Context.training(seed: step)
        var end = Tensor(0)
        let (_, gradients) = machine.valueAndGradients {
          let result = machine.contrastiveDivergence(data, chain: chain, context)
          end = result.chain
          return result.loss
        }
        try state.update(gradients)
        if isPersistent {
          try eval(end)
          chain = end
        }
      }
      let after = try likelihood()
      #expect(after > before + 0.2, "\(before) → \(after); the best is \(-log(4.0))")
    }
  }
}
