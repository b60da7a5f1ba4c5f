import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("losses: reductions, weights, edges") struct LossReductionTests {
  @Test("reductions and values per sample")
  func reductions() throws {
    let p = Tensor([1.0, 2, 3, 5], shape: [2, 2])
    let t = Tensor([0.0, 2, 1, 1], shape: [2, 2])
    let loss = Loss.meanSquaredError
    try TestExecutor.cpu.run {
      try expectClose(loss.reduced(.none)(p, t), [1, 0, 4, 16], shape: [2, 2])
      try expectClose(loss.reduced(.sum)(p, t), [21], shape: [])
      try expectClose(loss.reduced(.mean)(p, t), [5.25], shape: [])
      try expectClose(loss.reduced(.batchMean)(p, t), [10.5], shape: [])
      try expectClose(loss.reduced(.weightedMean)(p, t), [5.25], shape: [])
      try expectClose(loss.perSample(p, t), [0.5, 10], shape: [2])
      let mask = Tensor([true, false])
      try expectClose(loss(p, t, weights: mask), [0.25], shape: [])
      try expectClose(loss.reduced(.weightedMean)(p, t, weights: mask), [0.5], shape: [])
      try expectClose(loss.perSample(p, t, weights: Tensor([2.0, 0.5])), [1, 5])
    }
    #expect(Loss.klDivergence().reduction == .batchMean)
    #expect(loss.reduction == .mean)
  }

  @Test("a weighted mean counts class weights, ignored labels and the weights of samples")
  func weightedMean() throws {
    let logits = Tensor.normal([4, 3], dtype: .float64, key: RandomKey(seed: 1))
    let labels = Tensor([0, 2, 1, 1] as [Int32])
    let loss = Loss.crossEntropy(classWeights: [1, 2, 4], ignoredLabel: 0)
    let weights = Tensor([3.0, 0.5, 1, 2])
    try TestExecutor.cpu.run {
      let each = try loss.reduced(.none)(logits, labels).scalars(as: Double.self)
      #expect(each[0] == 0)
      let total = 0.5 * each[1] + each[2] + 2 * each[3]
      let mean = loss.reduced(.weightedMean)(logits, labels, weights: weights)
      try expectClose(mean, [total / (0.5 * 4 + 1 * 2 + 2 * 2)])
    }
  }

  @Test("weights that do not match are refused")
  func weights() {
    let x = standIn(.float32, [4, 3])
    func reason(_ weights: Tensor) -> String? {
      Loss.meanSquaredError(x, x, weights: weights).error?.reason
    }
    #expect(
      reason(standIn(.float32, [3]))
        == "weights [3] do not match the leading axes of the terms [4, 3]")
    #expect(
      reason(standIn(.float32, [4, 3, 1]))
        == "weights [4, 3, 1] do not match the leading axes of the terms [4, 3]")
    #expect(reason(standIn(.float64, [4])) == "weights must be f32 or bool, not f64")
    #expect(reason(standIn(.float32, [4])) == nil)
    expectRefusal(
      Loss.hinge(x, x, weights: standIn(.int32, [4]), file: "App/Main.swift", line: 3),
      """
      hinge: weights must be f32 or bool, not i32
        prediction: f32[4, 3]
        target: f32[4, 3]
        weights: i32[4]
        called at App/Main.swift:3
      """)
  }

  @Test("a loss of one's own tells what failed in it, and what is no number")
  func own() {
    let x = standIn(.float32, [2, 3])
    let failing = Loss("failing") { a, b in matmul(a, b) }
    let logical = Loss("logical") { a, b in a .== b }
    for weights in [nil, standIn(.float32, [2])] {
      let results = [failing(x, x, weights: weights), failing.perSample(x, x, weights: weights)]
      for result in results { #expect(result.error?.reason.contains("inner") == true) }
      let others = [logical(x, x, weights: weights), logical.perSample(x, x, weights: weights)]
      for result in others {
        #expect(result.error?.reason == "the terms must be floating, not bool")
      }
    }
  }

  @Test("a mean of nothing is NaN, a sum 0")
  func nothing() throws {
    let none = Tensor.zeros([0, 3], dtype: .float64)
    let ignored = Tensor([7, 7] as [Int32])
    let x = Tensor.zeros([2, 3], dtype: .float64)
    try TestExecutor.cpu.run {
      try expectClose(Loss.meanSquaredError(none, none), [.nan])
      try expectClose(Loss.meanSquaredError.reduced(.sum)(none, none), [0])
      try expectClose(Loss.crossEntropy(none, Tensor.zeros([0], dtype: .int32)), [.nan])
      for loss in [Loss.crossEntropy(ignoredLabel: 7), .negativeLogLikelihood(ignoredLabel: 7)] {
        try expectClose(loss(x, ignored), [.nan])
        try expectClose(loss.reduced(.sum)(x, ignored), [0])
      }
    }
  }

  @Test("labels out of range are told when the loss is evaluated")
  func labels() throws {
    let x = Tensor.normal([2, 3], key: RandomKey(seed: 5))
    let losses: [Loss] = [
      .crossEntropy, .crossEntropy(classWeights: [1, 1, 1]), .negativeLogLikelihood, .focal(),
      .multiClassHinge(), .dice(),
    ]
    for loss in losses {
      for wrong in [3, -1, .max, .min] as [Int32] {
        let error = #expect(throws: TensorError.self, "\(loss) \(wrong)") {
          try TestExecutor.cpu.run {
            _ = try loss(x, Tensor([0, wrong])).scalar(as: Float.self)
          }
        }
        #expect(error?.reason.contains("\(wrong)") == true)
      }
    }
  }

  @Test("extreme logits give finite losses and gradients", arguments: [DType.float32, .float64])
  func extreme(_ dtype: DType) throws {
    let x = Tensor([1e4, -1e4, 0, -1e4, 1e4, 1e4], shape: [2, 3], dtype: dtype)
    let yes = Tensor([0.0, 1, 1, 1, 0, 1], shape: [2, 3], dtype: dtype)
    let labels = Tensor([1, 0] as [Int32])
    let cases: [(Loss, Tensor)] = [
      (.binaryCrossEntropy, yes), (.binaryCrossEntropy(positiveWeights: [3]), yes),
      (.binaryFocal(), yes), (.binaryFocal(gamma: 0.5), yes), (.crossEntropy, labels),
      (.crossEntropy(labelSmoothing: 0.1, classWeights: [1, 2, 3]), labels), (.crossEntropy, yes),
      (.focal(), labels), (.focal(gamma: 0.5), labels), (.hinge, yes), (.logCosh, yes),
      (.huber(), yes), (.cosineDistance, yes), (.multiClassHinge(), labels),
    ]
    try TestExecutor.cpu.run {
      for (loss, target) in cases {
        let (value, slopes) = valueAndGradients(at: [x]) { loss($0[0], target) }
        let numbers = try value.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { $0.isFinite }, "\(loss)")
      }
      let gan = [GANLoss.minimax, .nonSaturating, .leastSquares, .marginHinge, .wasserstein]
      for loss in gan {
        let (value, slopes) = valueAndGradients(at: [x]) {
          loss.discriminator(real: $0[0], fake: -$0[0]) + loss.generator(fake: $0[0])
        }
        let numbers = try value.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { $0.isFinite }, "\(loss)")
      }
    }
  }

  @Test("extreme 16-bit inputs too", arguments: [DType.float16, .bfloat16])
  func extremeNarrow(_ dtype: DType) throws {
    let x = Tensor([1e4, -1e4, 0, -1e4, 1e4, 1e4], shape: [2, 3], dtype: dtype)
    let zeros = Tensor.zeros([2, 3], dtype: dtype)
    let yes = Tensor([0.0, 1, 1, 1, 0, 1], shape: [2, 3], dtype: dtype)
    let labels = Tensor([1, 0] as [Int32])
    let cases: [(Loss, Tensor)] = [
      (.binaryCrossEntropy, yes), (.binaryFocal(gamma: 0.5), yes), (.crossEntropy, labels),
      (.focal(gamma: 0.5), labels), (.hinge, yes), (.huber(), yes), (.cosineDistance, yes),
    ]
    try TestExecutor.cpu.run {
      for (loss, target) in cases {
        let (value, slopes) = valueAndGradients(at: [x]) { loss($0[0], target) }
        let numbers = try value.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { $0.isFinite }, "\(loss)")
      }
      for start in [x, zeros] {
        let (value, slopes) = valueAndGradients(at: [start]) {
          InfoNCELoss(temperature: 1)(queries: $0[0], keys: yes)
        }
        #expect(value.dtype == dtype)
        // A vector of no length has the steepest slope there is, beyond float16.
        let numbers = try value.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { !$0.isNaN })
      }
    }
  }

  @Test("where a loss has a kink or a root of 0, gradients are finite")
  func kinks() throws {
    let zeros = Tensor.zeros([2, 4], dtype: .float64)
    let yes = Tensor([0.0, 1, 1, 0, 0, 1, 1, 0], shape: [2, 4])
    let cases: [(Loss, Tensor, Tensor)] = [
      (.rootMeanSquaredError, zeros, zeros), (.cosineDistance, zeros, yes),
      (.binaryCrossEntropyOfProbabilities, yes, 1 - yes),
      (.binaryCrossEntropyOfProbabilities, yes, yes), (.smoothL1(beta: 0), zeros, zeros),
      (.dice(), zeros, zeros), (.jaccard(), zeros, zeros),
      (.generalizedIntersectionOverUnion(), zeros, zeros),
      (
        .yolo(boxes: 1, classes: 0, predictsRoots: false),
        Tensor.zeros([1, 1, 1, 5], dtype: .float64),
        Tensor([0.5, 0.5, 0.2, 0.2, 1], shape: [1, 1, 1, 5])
      ),
    ]
    try TestExecutor.cpu.run {
      for (loss, x, target) in cases {
        let (value, slopes) = valueAndGradients(at: [x]) { loss($0[0], target) }
        let numbers = try value.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { $0.isFinite }, "\(loss): \(numbers)")
      }
      // As in PyTorch, where a probability is exactly wrong.
      try expectClose(Loss.binaryCrossEntropyOfProbabilities(yes, 1 - yes), [100])
      let outside = Loss.binaryCrossEntropyOfProbabilities(yes * 2, yes)
      #expect(try outside.scalar(as: Double.self).isNaN)
      let slope = gradient(at: Tensor([0, 1, 0.5])) { klToActivation($0, target: 0.1).sum() }
      #expect(try slope.scalars(as: Double.self).allSatisfy { $0.isFinite })
    }
  }

  @Test("16-bit inputs give what float32 gives, within their precision")
  func narrow() throws {
    let x = Tensor.normal([4096, 10], key: RandomKey(seed: 3))
    let labels = Tensor.randomIntegers([4096], in: 0..<10, key: RandomKey(seed: 4))
    let yes = (x.flipped(axes: [0]) .> 0)
    let cases: [(Loss, Tensor)] = [
      (.crossEntropy, labels), (.crossEntropy(labelSmoothing: 0.1, ignoredLabel: 3), labels),
      (.focal(), labels), (.binaryCrossEntropy, yes), (.hinge, yes),
    ]
    try TestExecutor.cpu.run {
      for (loss, target) in cases {
        let fine = try loss(x, target).scalar(as: Double.self)
        for dtype in [DType.bfloat16, .float16] {
          let value = loss(x.converted(to: dtype), target)
          #expect(value.dtype == dtype)
          try expectClose(value, [fine], relative: 1e-2, "\(loss) \(dtype)")
        }
      }
    }
  }

  @Test("boxes that touch nothing, hold nothing or are the same")
  func boxes() throws {
    let a = Tensor([0.0, 0, 2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 3, 3, 1, 1], shape: [4, 4])
    let b = Tensor([0.0, 0, 2, 2, 3, 0, 4, 2, 0, 0, 0, 0, 3, 3, 1, 1], shape: [4, 4])
    try TestExecutor.cpu.run {
      try expectClose(intersectionOverUnion(a, b), [1, 0, 0, 0])
      try expectClose(generalizedIntersectionOverUnion(a, b), [1, -0.25, 0, 0])
      try expectClose(
        pairwiseIntersectionOverUnion(a, b),
        [
          1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ], shape: [4, 4])
    }
  }

  @Test("a plan of a loss is a few kernels, whatever the batch")
  func planned() throws {
    let x = standIn(.float32, [64, 10])
    let losses: [Loss] = [.meanSquaredError, .huber(), .binaryCrossEntropy, .logCosh, .hinge]
    for loss in losses {
      let step = try compile(on: [x.type, x.type]) { arguments in
        let (value, slopes) = valueAndGradients(at: [arguments[0]]) { loss($0[0], arguments[1]) }
        return [value] + slopes
      }
      #expect(step <= 3, "\(loss)")
    }
  }

  /// How many kernels a function becomes.
  private func compile(
    on types: [TensorType], _ function: ([Tensor]) -> [Tensor]
  ) throws -> Int {
    let arguments = types.map { Tensor.placeholder($0) }
    let graph = try Graph.capture(function(arguments), inputs: arguments).graph
    let plan = try CPUExecutor().compile(graph, options: CompileOptions())
    let words = "\(plan)".split(separator: " ")
    return words.count > 1 ? Int(words[1]) ?? .max : .max
  }
}
