import ApusTestSupport
import Testing

@testable import ApusCore

/// Sizes at which a sum in 16 bits would show.
@Suite("composites on XLA", .needsPlugin) struct CompositeParityTests {
  static let floats: [DType] = [.float64, .float32, .bfloat16, .float16]

  /// - Parameter roundings: How many times in a row 16-bit numbers are rounded on the way.
  private func expectAgreed(
    _ shapes: [[Int]], _ dtype: DType, scale: Double = 1, shift: Double = 0, roundings: Double = 1,
    sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Tensor]) -> [Tensor]
  ) throws {
    let operands = shapes.enumerated().map { index, dims in
      (randomNumbers(dims, .float32, seed: UInt64(index)) * scale + shift).converted(to: dtype)
    }
    try expectParity(
      operands, within: dtype.parityTolerance * (dtype.byteCount == 2 ? roundings : 1),
      sourceLocation: sourceLocation
    ) { operands in
      let weights = function(operands).enumerated().map { index, y in
        (wholeNumbers(y.shape, y.dtype, seed: UInt64(index) + 20) - 3) * 0.25
      }
      let slopes = gradients(at: operands) { points in
        let terms = zip(function(points), weights).map { ($0 * $1).converted(to: .float32).sum() }
        return terms.dropFirst().reduce(terms[0], +)
      }
      return function(operands) + slopes
    }
  }

  @Test("softmax and its logarithm over many elements, along any axis", arguments: floats)
  func softmax(dtype: DType) throws {
    // The gradient takes an exponential of logarithms near -10 that are kept in 16 bits.
    try expectAgreed([[3, 4000]], dtype, scale: 4, roundings: 4) {
      [$0[0].softmax(), $0[0].logSoftmax()]
    }
    try expectAgreed([[900, 3]], dtype, roundings: 4) {
      [$0[0].softmax(axis: 0), $0[0].logSoftmax(axis: 0)]
    }
  }

  @Test("norms of long rows, apart from zero", arguments: floats)
  func norms(dtype: DType) throws {
    try expectAgreed([[3, 2000], [2000], [2000]], dtype, shift: 0.5) {
      [
        $0[0].layerNormalized(gamma: $0[1], beta: $0[2]),
        $0[0].rmsNormalized(gamma: $0[1], epsilon: 1e-3),
      ]
    }
    try expectAgreed([[2, 25, 24, 6], [6], [6]], dtype, shift: 0.5) { x in
      let group = x[0].groupNormalized(groups: 3, gamma: x[1], beta: x[2])
      let batch = x[0].batchNormalized(gamma: x[1], beta: x[2], epsilon: 1e-4)
      return [group.result, batch.result]
    }
    try expectAgreed([[2, 6, 500], [6], [6]], dtype) {
      [$0[0].groupNormalized(groups: 2, gamma: $0[1], beta: $0[2], channelsFirst: true).result]
    }
  }

  @Test(
    "the statistics of a batch, of 32 bits beside samples of 16",
    arguments: [DType.bfloat16, .float16])
  func statistics(dtype: DType) throws {
    let x = randomNumbers([30, 40, 3], dtype, seed: 1) + 1
    let gamma = randomNumbers([3], .float32, seed: 2)
    try expectParity([x, gamma], within: 1e-5) { operands in
      let y = operands[0].batchNormalized(gamma: operands[1], epsilon: 1e-3)
      #expect(y.mean.dtype == .float32 && y.variance.dtype == .float32)
      return [y.mean, y.variance]
    }
    try expectParity([x, gamma], within: dtype.parityTolerance) { operands in
      let y = operands[0].batchNormalized(gamma: operands[1], epsilon: 1e-3)
      return [y.result]
        + gradients(at: operands) { points in
          points[0].batchNormalized(gamma: points[1], epsilon: 1e-3).result
            .converted(to: .float32).square().mean()
        }
    }
  }

  @Test("cross entropy with all options, over many classes", arguments: floats)
  func crossEntropy(dtype: DType) throws {
    let labels = Tensor([3, 0, 999, 7] as [Int64])
    let small = Tensor([2, 0, 1, 2] as [Int32])
    try expectAgreed([[4, 1000]], dtype, scale: 3) {
      [softmaxCrossEntropy(logits: $0[0], labels: labels)]
    }
    try expectAgreed([[4, 3], [3]], dtype, scale: 3) {
      [
        softmaxCrossEntropy(
          logits: $0[0], labels: small, classWeights: $0[1].square(), labelSmoothing: 0.2,
          ignoredLabel: 1)
      ]
    }
    // A label that no class has may stand for none.
    let ignoring = Tensor([2, -100, 1, -100] as [Int32])
    try expectAgreed([[4, 3]], dtype) {
      [softmaxCrossEntropy(logits: $0[0], labels: ignoring, ignoredLabel: -100)]
    }
  }

  @Test("alignments of labels, impossible ones among them", arguments: [DType.float64, .float32])
  func alignments(dtype: DType) throws {
    let targets = Tensor([1, 2, 2, 1, 3, 0, 1, 1, 1, 9, 9, 9] as [Int32], shape: [4, 3])
    let steps = Tensor([6, 5, 4, 3] as [Int32])
    let lengths = Tensor([3, 2, 3, 0] as [Int32])
    let logits = randomNumbers([4, 6, 5], dtype, seed: 3)
    try expectParity([logits], within: dtype.parityTolerance) { operands in
      func losses(_ x: Tensor) -> Tensor {
        ctcLoss(
          logProbabilities: x.logSoftmax(), targets: targets, inputLengths: steps,
          targetLengths: lengths)
      }
      let all = losses(operands[0])
      return [all]
        + gradients(at: operands) { points in
          let y = losses(points[0])
          return y.where(y.isFinite(), else: Tensor(0, like: y)).sum()
        }
    }
  }

  @Test("attention with masks, groups of heads and dropout", arguments: floats)
  func attention(dtype: DType) throws {
    let shapes = [[2, 5, 4, 8], [2, 70, 2, 8], [2, 70, 2, 6], [1, 4, 5, 70]]
    try expectAgreed(shapes, dtype) {
      [scaledDotProductAttention($0[0], $0[1], $0[2])]
    }
    // The gradient of a learned mask is computed in single operations of 16 bits.
    try expectAgreed(shapes, dtype, roundings: 3) {
      [
        scaledDotProductAttention(
          $0[0], $0[1], $0[2], mask: $0[3], isCausal: true, queryOffset: 40, dropoutRate: 0.3,
          key: RandomKey(seed: 4))
      ]
    }
    // The first queries see no key.
    try expectAgreed(shapes, dtype) {
      [
        scaledDotProductAttention(
          $0[0], $0[1], $0[2], mask: randomNumbers([2, 1, 5, 70], seed: 9) .> 0, isCausal: true,
          queryOffset: -2)
      ]
    }
  }

  @Test("recurrent sequences of every cell", arguments: RecurrentCell.all.map(\.name), floats)
  func recurrent(name: String, dtype: DType) throws {
    let cell = try #require(RecurrentCell.all.first { $0.name == name })
    let gates = 4 * cell.gateCount
    var shapes = [[6, 3, gates], [gates, 4], [gates]]
    shapes += Array(repeating: [3, 4], count: cell.stateCount)
    if cell.hasPeepholes { shapes.append([3, 4]) }
    let lengths = Tensor([6, 2, 4] as [Int32])
    for isReversed in [false, true] {
      // Every step keeps its gates in 16 bits for the gradient.
      try expectAgreed(shapes, dtype, roundings: 6) { x in
        let result = recurrentSequence(
          cell, input: x[0], weight: x[1], bias: x[2],
          states: Array(x[3..<(3 + cell.stateCount)]), peepholes: cell.hasPeepholes ? x.last : nil,
          lengths: lengths, isReversed: isReversed)
        return [result.y] + result.states
      }
    }
  }

  @Test("steps of optimizers", arguments: floats)
  func optimizers(dtype: DType) throws {
    let rates = Tensor([0.1, 0.3, 0.2, 0.5] as [Double], dtype: dtype)
    try TestExecutor.cpu.run { try eval(rates) }
    let operands = (0..<4).map { randomNumbers([50], dtype, seed: $0) }
    try expectParity(operands + [rates], within: dtype.parityTolerance) { x in
      let rates = x[4]
      var all: [Tensor] = []
      for decoupled in [false, true] {
        let adam = adamUpdate(
          x[0], gradient: x[1], firstMoment: x[2], secondMoment: x[3].square(), scalars: rates,
          weightDecay: 0.1, decoupled: decoupled)
        let sgd = sgdMomentumUpdate(
          x[0], gradient: x[1], velocity: x[2], scalars: rates.sliced(axis: 0, 0..<2),
          momentum: 0.9, nesterov: decoupled, weightDecay: 0.1)
        all += [adam.parameter, adam.firstMoment, adam.secondMoment, sgd.parameter, sgd.velocity]
      }
      return all
    }
  }

  @Test("the inverse of the error function, and the largest elements", arguments: floats)
  func others(dtype: DType) throws {
    // The gradient, e to the square of a rounded number, is computed in 16 bits.
    try expectAgreed([[40]], dtype, scale: 0.95, roundings: 6) { [$0[0].erfInverse()] }
    try expectAgreed([[4, 30]], dtype) {
      [$0[0].topK(5).values, $0[0].topK(3, largest: false).values]
    }
  }

  @Test("labels and lengths out of range are told as the CPU executor tells them")
  func refusals() throws {
    let x = randomNumbers([2, 3, 4], seed: 5)
    func loss(_ targets: [Int32], _ inputs: [Int32], _ lengths: [Int32]) -> Tensor {
      ctcLoss(
        logProbabilities: x, targets: Tensor(targets, shape: [2, 2]), inputLengths: Tensor(inputs),
        targetLengths: Tensor(lengths))
    }
    let logits = randomNumbers([3, 4], seed: 6)
    try expectSameFailures {
      [
        loss([1, 2, 4, 1], [3, 3], [2, 2]), loss([1, -1, 2, 1], [3, 3], [2, 2]),
        loss([1, 2, 3, 1], [3, 4], [2, 2]), loss([1, 2, 3, 1], [-1, 3], [2, 2]),
        loss([1, 2, 3, 1], [3, 3], [3, 2]), loss([1, 2, 3, 1], [3, 3], [0, -2]),
        softmaxCrossEntropy(logits: logits, labels: Tensor([0, 4, -1] as [Int64])),
        softmaxCrossEntropy(
          logits: logits, labels: Tensor([9, 9, -1] as [Int32]), ignoredLabel: 9),
        gradient(at: logits) {
          softmaxCrossEntropy(logits: $0, labels: Tensor([4, 0, 1] as [Int32])).sum()
        },
      ]
    }
    // Beyond its length a target may hold anything.
    try expectParity([x], within: 1e-12) { _ in [loss([1, 77, 2, -5], [3, 2], [1, 1])] }
  }
}
