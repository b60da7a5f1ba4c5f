import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// The rule of the documentation: nothing but what the protocol asks for.
private struct SignDescent: Optimizer {
  var learningRate = 1e-3
  let name = "SignDescent", slots: [String] = [], settings: [String: Double] = [:]
  func scalars(rate: Double, step: Int) -> [Double] { [rate] }
  func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) { (parameter - scalars[0] * gradient.sign(), []) }
}

@Suite("options of updates") struct UpdateOptionsTests {
  private final class Net: Module {
    let weight: Parameter
    let bias: Parameter
    init(_ weight: [Double] = [1, 2, 3, 4], _ bias: [Double] = [1, 1]) {
      self.weight = Parameter(Tensor(weight, shape: [2, weight.count / 2], dtype: .float64))
      self.bias = Parameter(Tensor(bias, dtype: .float64))
    }
  }

  private let ones = [Tensor.ones([2, 2], dtype: .float64), Tensor.ones([2], dtype: .float64)]

  @Test("groups combine: rates multiply, the last decay applies, one freezes")
  func groups() throws {
    try TestExecutor.cpu.run {
      var options = UpdateOptions(groups: [
        ParameterGroup("bias", rate: 0.5, weightDecay: .l2(7)),
        ParameterGroup(where: { path, type in type.rank == 1 && path == "bias" }, rate: 0.5),
        .vectors(weightDecay: .decoupled(0.1)),
      ])
      let net = Net()
      var state = OptimizerState(
        SGD(learningRate: 0.4, weightDecay: 1), for: net, options: options)
      try state.update(ones)
      // The rate of the bias is 0.1: p·(1 − 0.1·0.1) − 0.1.
      try expectClose(net.bias.value, [0.89, 0.89])
      try expectClose(net.weight.value, [0.2, 0.8, 1.4, 2])
      options.groups.append(ParameterGroup("w*", isFrozen: true))
      let other = Net()
      var frozen = OptimizerState(SGD(learningRate: 0.4), for: other, options: options)
      try frozen.update(ones)
      try expectClose(other.weight.value, [1, 2, 3, 4])
      try expectClose(other.bias.value, [0.89, 0.89])
    }
  }

  @Test("a rule of one's own has decay, rates and averages without a word about them")
  func ownRule() throws {
    try TestExecutor.cpu.run {
      let net = Net()
      let options = UpdateOptions(
        groups: [ParameterGroup("bias", rate: 0.5), ParameterGroup("weight", weightDecay: .l1(3))],
        average: .equal())
      var state = OptimizerState(SignDescent(learningRate: 0.5), for: net, options: options)
      // The decay of the weight turns its gradients of -1 around.
      try state.update(ones.map { -1 * $0 })
      try expectClose(net.weight.value, [0.5, 1.5, 2.5, 3.5])
      try expectClose(net.bias.value, [1.25, 1.25])
      #expect(state.averages.count == 2)
    }
  }

  @Test("16-bit weights have averages and sums in float32")
  func halves() throws {
    try TestExecutor.cpu.run {
      final class Half: Module {
        let p = Parameter(Tensor([1.0, 2.0], dtype: .bfloat16))
      }
      let model = Half()
      var state = OptimizerState(
        SGD(learningRate: 1), for: model,
        options: UpdateOptions(accumulation: 2, average: .exponential(decay: 0.75)))
      let gradient = Tensor([0.5, -0.5], dtype: .bfloat16)
      for _ in 0..<4 { try state.update([gradient]) }
      try expectClose(model.p.value, [0, 3])
      #expect(model.p.value.dtype == .bfloat16)
      let average = try #require(state.averages["p"])
      #expect(average.dtype == .bfloat16)
      try expectClose(average, [0.375, 2.625])
    }
  }

  @Test("constraints hold after an update, for units along the axis they name")
  func constraints() throws {
    try TestExecutor.cpu.run {
      let p = Tensor([3, 4, 0, 0, 0.3, -0.4], shape: [3, 2], dtype: .float64)
      try expectClose(ParameterConstraint.maximumNorm(1)(p), [0.6, 0.8, 0, 0, 0.3, -0.4])
      try expectClose(ParameterConstraint.maximumNorm(0)(p), [0, 0, 0, 0, 0, 0])
      try expectClose(ParameterConstraint.unitNorm()(p), [0.6, 0.8, 0, 0, 0.6, -0.8])
      try expectClose(ParameterConstraint.nonNegative()(p), [3, 4, 0, 0, 0.3, 0])
      try expectClose(
        ParameterConstraint.elements(in: -0.1...1)(p), [1, 1, 0, 0, 0.3, -0.1])
      let columns = ParameterConstraint.unitNorm(axis: 1)(p)
      let norms = try columns.square().sum(axes: [0]).scalars(as: Double.self)
      expectClose(norms, [1, 1])
      // A convolution weight: one unit per first axis, over the other three.
      let weight = Tensor.normal([4, 3, 2, 2], dtype: .float64, key: RandomKey(seed: 1))
      let scaled = ParameterConstraint.unitNorm()(weight).square().sum(axes: [1, 2, 3])
      try expectClose(scaled, [1, 1, 1, 1])
      // A vector is one unit.
      try expectClose(
        ParameterConstraint.unitNorm()(Tensor([3.0, 4], dtype: .float64)), [0.6, 0.8])
      let net = Net()
      let options = UpdateOptions(constraints: [.maximumNorm(1, of: "weight"), .nonNegative("b*")])
      var state = OptimizerState(SGD(learningRate: 2), for: net, options: options)
      try state.update(ones)
      try expectClose(net.bias.value, [0, 0])
      let rest = 5.0.squareRoot()
      try expectClose(net.weight.value, [-1, 0, 1 / rest, 2 / rest])
      let wrong = UpdateOptions(constraints: [.maximumNorm(1, axis: 5)])
      var refused = OptimizerState(SGD(), for: net, options: wrong)
      #expect(
        throws: TensorError(
          operation: "ParameterConstraint", reason: "axis 5 is not one of f64[2, 2], for \"**\"")
      ) { try refused.update(ones) }
    }
  }

  /// The average after each of 40 updates of the numbers 1, 4, 9, …
  private func averages(_ average: WeightAverage) -> [Double] {
    var value = 0.0
    return (1...40).map { update in
      value += average.share(after: update) * (Double(update * update) - value)
      return value
    }
  }

  @Test("averages agree with their definitions")
  func averages() {
    let numbers = (1...40).map { Double($0 * $0) }
    expectClose(
      averages(.equal()), numbers.indices.map { numbers[...$0].reduce(0, +) / Double($0 + 1) })
    var sum = 0.0
    let corrected = numbers.enumerated().map { index, x in
      sum = 0.7 * sum + 0.3 * x
      return sum / (1 - Foundation.pow(0.7, Double(index + 1)))
    }
    expectClose(averages(.exponential(decay: 0.7, start: .corrected)), corrected)
    var (plain, warm) = (1.0, 1.0)
    var expected = [[1.0], [1.0]]
    for (n, x) in numbers.enumerated().dropFirst() {
      plain = 0.7 * plain + 0.3 * x
      // Updates before this one: n.
      let decay = min(0.7, Double(1 + n) / Double(10 + n))
      warm = decay * warm + (1 - decay) * x
      expected[0].append(plain)
      expected[1].append(warm)
    }
    expectClose(averages(.exponential(decay: 0.7)), expected[0])
    expectClose(averages(.exponential(decay: 0.7, start: .warmUp)), expected[1])
    // Stochastic weight averaging from the 10th update, every 5.
    let late = averages(.equal(from: 10, every: 5))
    expectClose(Array(late[..<10]), Array(numbers[..<10]))
    expectClose([late[13], late[14], late[19]], [100, (100 + 225) / 2, (100 + 225 + 400) / 3])
    #expect(WeightAverage.equal(from: .min).share(after: .max) >= 0)
  }

  @Test("weights have their averages for a while")
  func swapping() throws {
    try TestExecutor.cpu.run {
      let net = Net()
      var state = OptimizerState(
        SGD(learningRate: 1), for: net, options: UpdateOptions(average: .equal()))
      #expect(state.averages.isEmpty)
      try state.update(ones)
      try state.update(ones)
      try expectClose(net.bias.value, [-1, -1])
      try state.withAverages { try expectClose(net.bias.value, [-0.5, -0.5]) }
      try expectClose(net.bias.value, [-1, -1])
    }
  }

  @Test("what was gathered can be made an update early; batches weigh by their samples")
  func gathering() throws {
    try TestExecutor.cpu.run {
      let net = Net()
      var state = OptimizerState(
        SGD(learningRate: 1), for: net, options: UpdateOptions(accumulation: 4))
      #expect(try state.update(ones, samples: 3) == false)
      #expect(try state.update(ones.map { 5 * $0 }, samples: 1) == false)
      try expectClose(net.bias.value, [1, 1])
      #expect(state.pending == (2, 4))
      try state.flush()
      try expectClose(net.bias.value, [-1, -1])
      #expect(state.step == 1 && state.pending == (0, 0))
      try state.flush()
      #expect(state.step == 1)
    }
  }

  @Test("penalties are their formulas, with gradients")
  func penalties() throws {
    try TestExecutor.cpu.run {
      let net = Net([1, -2, 3, -4])
      let penalties: [WeightPenalty] = [.lasso(0.5), .ridge(0.25, on: "*")]
      let (value, gradients) = net.valueAndGradients { net.penalty(penalties) ?? Tensor(0) }
      try expectClose(value, [0.5 * 10 + 0.25 * 32])
      try expectClose(gradients[0], [1, -1.5, 2, -2.5])
      try expectClose(gradients[1], [0.5, 0.5])
      #expect(net.penalty([]) == nil)
      #expect(net.penalty([.lasso(1, on: "none")]) == nil)
      #expect(
        WeightPenalty(l1: -1)(Tensor(1)).error?.reason == "l1 -1.0 is not a finite number from 0")
    }
  }

  @Test("no option ends the process: bad numbers are errors")
  func refusals() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      func attempt(_ name: String, _ options: UpdateOptions) {
        bad.attempt(name) {
          let net = Net()
          var state = OptimizerState(SGD(), for: net, options: options)
          try state.update(ones)
          _ = try state.withAverages { try net.weight.value.bytes() }
        }
      }
      for x in BadInput.numbers {
        attempt("rate \(x)", UpdateOptions(groups: [ParameterGroup("**", rate: x)]))
        attempt("decay \(x)", UpdateOptions(groups: [.vectors(weightDecay: .l1(x))]))
        attempt("average \(x)", UpdateOptions(average: .exponential(decay: x)))
        attempt("norm \(x)", UpdateOptions(constraints: [.maximumNorm(x)]))
        attempt("penalty \(x)", UpdateOptions(penalties: [.ridge(x)]))
        attempt("noise \(x)", UpdateOptions(noise: GradientNoise(variance: x)))
        attempt("fading \(x)", UpdateOptions(noise: GradientNoise(fading: x)))
        attempt("clipping \(x)", UpdateOptions(clipping: .norm(x)))
        for size in BadInput.sizes {
          bad.attempt("plateau \(x) \(size)") {
            var plateau = try Plateau(
              factor: x, patience: size, threshold: .absolute(x), cooldown: size)
            for value in BadInput.numbers { _ = plateau.rate(after: value, from: x) }
          }
        }
      }
      for size in BadInput.sizes {
        attempt("accumulation \(size)", UpdateOptions(accumulation: size))
        attempt("average \(size)", UpdateOptions(average: .equal(from: size, every: size)))
        attempt("axis \(size)", UpdateOptions(constraints: [.unitNorm(axis: size)]))
        bad.attempt("samples \(size)") {
          var state = OptimizerState(
            SGD(), for: Net(), options: UpdateOptions(accumulation: 2))
          try state.update(ones, samples: size)
          try state.flush()
        }
        _ = WeightAverage.exponential(from: size, every: size).share(after: size)
        _ = GradientNoise().deviation(at: size)
      }
      for operand in BadInput.operands where operand.tensor.count < 100 {
        for constraint in [.maximumNorm(1), .unitNorm(axis: 1), .nonNegative()]
          as [ParameterConstraint]
        {
          bad.call("\(constraint)", [operand], named: false) { [constraint($0[0])] }
        }
        bad.call("penalty", [operand], named: false) { [WeightPenalty(l1: 1, l2: 1)($0[0])] }
      }
      #expect(bad.calls > 200 && bad.refusals > 100)
    }
  }
}
