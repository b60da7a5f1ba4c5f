import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// A user's own model: a layer inside a layer, with a product in its forward function.
private final class Inner: Layer {
  let dense = Dense(4, inputs: 3)
  func forward(_ x: Tensor, _ context: Context) -> Tensor { dense(x) }
}

private final class Outer: Layer {
  let inner = Inner()
  let other = Parameter(Tensor.zeros([5, 2]))
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    matmul(inner(x), other.value)
  }
}

@Suite("bad input: layers") struct BadInputLayerTests {
  @Test("no size of a layer and no input ends the process")
  func layers() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for size in BadInput.sizes where size < 10 || size > 1 << 41 {
        let makers: [(String, () -> any Layer)] = [
          ("Dense", { Dense(size) }), ("Dense inputs", { Dense(2, inputs: size) }),
          ("Conv2D", { Conv2D(size, kernel: 2) }), ("Conv2D kernel", { Conv2D(2, kernel: size) }),
          ("Conv2D kernels", { Conv2D(2, kernel: []) }),
          ("Conv2D stride", { Conv2D(2, kernel: 1, stride: size) }),
          ("Conv2D strides", { Conv2D(2, kernel: [1, 1], stride: [size, 1, size]) }),
          ("Conv2D dilation", { Conv2D(2, kernel: 2, dilation: size) }),
          ("Conv2D groups", { Conv2D(2, kernel: 1, groups: size) }),
          ("Conv2D padding", { Conv2D(2, kernel: 2, padding: .symmetric(size)) }),
          ("Conv2D first", { Conv2D(2, kernel: 2, layout: .channelsFirst) }),
          ("MaxPool2D", { MaxPool2D(size) }), ("MaxPool2D stride", { MaxPool2D(2, stride: size) }),
          ("AvgPool2D", { AvgPool2D(size, layout: .channelsFirst) }),
          ("GlobalAvgPool2D", { GlobalAvgPool2D() }), ("Flatten", { Flatten() }),
          ("Reshape", { Reshape(size, size) }), ("Embedding", { Embedding(size, width: 2) }),
          ("Embedding width", { Embedding(2, width: size) }),
          ("LayerNorm", { LayerNorm(axisCount: size) }), ("BatchNorm", { BatchNorm() }),
          ("PReLU", { PReLU() }), ("nested", { Outer() }),
        ]
        for x in BadInput.few {
          for (name, make) in makers {
            bad.call("\(name) \(size)", [x], named: false) {
              let layer = make()
              _ = "\(layer)"
              return [layer($0[0]), layer($0[0], Context(isTraining: true))]
            }
          }
        }
      }
      let some = BadInput.few.filter {
        ["f32[2, 3]", "f32[1, 4, 4, 2]", "i32[2, 3]", "f32[]", "failed"].contains($0.name)
      }
      for number in BadInput.numbers {
        for x in some {
          for (name, layer) in [
            ("Dropout", Dropout(number)), ("BatchNorm", BatchNorm(epsilon: number)),
            ("BatchNorm momentum", BatchNorm(momentum: number)),
            ("LayerNorm", LayerNorm(epsilon: number)), ("PReLU", PReLU(slope: number)),
          ] as [(String, any Layer)] {
            bad.call("\(name) \(number)", [x], named: false) {
              [layer($0[0], Context(isTraining: true))]
            }
          }
        }
        for initializer in [
          .constant(number), .normal(mean: number), .normal(deviation: number),
          .truncatedNormal(deviation: number), .scaledNormal(number, fan: .input),
          .scaledUniform(number, fan: .output),
        ] as [Initializer] {
          for shape in [[], [0], [3], [2, 0], [.max], [-1], [1 << 40, 1 << 40]] as [Shape] {
            bad.call("\(initializer) \(shape)", named: false) { _ in
              [initializer.values(TensorType(.float32, shape), seed: .max, path: "")]
            }
          }
        }
      }
      for dims in [[], [-1], [.max, .max], [0, .max, .max], [1, 1, 1, 1, 1, 1, 1, 1, 1]] as [[Int]]
      {
        bad.attempt("build \(dims)") { try Dense(2).build(TensorType(.float32, dims), seed: 0) }
        bad.attempt("allocate \(dims)") { try Parameter().allocate(.float32, Shape(dims)) }
      }
      #expect(bad.calls > 3_000 && bad.refusals > 1_500)
    }
  }

  @Test("no setting of a loss, optimizer, schedule or limit ends the process")
  func rules() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let some = BadInput.few.filter {
        ["f32[2, 3]", "i64[3]", "i32[2, 3]", "f64[2, 3]", "failed"].contains($0.name)
      }
      for number in BadInput.numbers {
        for a in some {
          for b in some {
            for loss in [
              .crossEntropy(labelSmoothing: number),
              .crossEntropy(classWeights: [number], ignoredLabel: .min), .huber(delta: number),
            ] as [Loss] {
              bad.call("\(loss) \(number)", [a, b], named: false) { [loss($0[0], $0[1])] }
            }
          }
          for clipping in [.value(number), .norm(number), .globalNorm(number)]
            as [GradientClipping]
          {
            bad.call("\(clipping)", [a], named: false) { clipping([$0[0]]) }
          }
        }
        for optimizer in [
          SGD(learningRate: number), SGD(momentum: number), Adam(learningRate: number),
          Adam(beta1: number), AdamW(epsilon: number), AMSGrad(beta2: number),
          Adamax(weightDecay: number), NAdam(momentumDecay: number), AdaGrad(epsilon: number),
          RMSProp(alpha: number, momentum: number), AdaDelta(rho: number),
        ] as [any Optimizer] {
          let x = BadInput.filled([3])
          bad.call("\(optimizer.name) \(number)", named: false) { _ in
            let (p, state) = optimizer.update(x, gradient: x, state: [], scalars: x)
            return [p] + state
          }
          bad.attempt("\(optimizer.name) step \(number)") {
            let model = Dense(2, inputs: 3)
            try model.build(TensorType(.float32, [1, 3]), seed: 0)
            var state = OptimizerState(optimizer, for: model)
            try state.update([x])
            try state.update(model.parameters.map(\.parameter.value), rate: number)
          }
          for step in BadInput.sizes { _ = optimizer.scalars(rate: number, step: step) }
        }
        for steps in BadInput.sizes {
          for schedule in [
            .step(every: steps, gamma: number), .exponential(gamma: number),
            .cosine(steps: steps, final: number), .polynomial(steps: steps, power: number),
            .oneCycle(steps: steps, rise: number), .constant.warmedUp(steps: steps),
          ] as [Schedule] {
            for step in BadInput.sizes { _ = schedule.factor(at: step) }
          }
        }
      }
      for loss in [
        .meanSquaredError, .halfSumSquaredError, .meanAbsoluteError, .binaryCrossEntropy,
        .binaryCrossEntropyOfProbabilities, .crossEntropy,
      ] as [Loss] {
        for a in BadInput.few {
          for b in BadInput.few {
            bad.call("\(loss)", [a, b], named: false) { [loss($0[0], $0[1])] }
          }
        }
      }
      #expect(bad.calls > 2_000 && bad.refusals > 1_000)
    }
  }

  @Test("a mistake in a nested layer names its path, both sizes and the place of the call")
  func nested() throws {
    let x = Tensor.zeros([2, 7])
    let model = Outer()
    let line = #line + 1
    let wrong = try #require(model(x).error)
    #expect(wrong.layerPath == "inner.dense")
    #expect("\(wrong)".contains("takes 3 features, the input has 7"), "\(wrong)")
    #expect("\(wrong)".contains("f32[2, 7]") && "\(wrong)".contains("f32[4, 3]"), "\(wrong)")
    #expect(wrong.site?.file == "ApusNNTests/BadInputLayerTests.swift", "\(wrong)")
    #expect(wrong.site.map { $0.line < line } == true)
    let product = try #require(Outer()(Tensor.zeros([2, 3])).error)
    #expect("\(product)".contains("inner dimensions differ: a has 4, b has 5"), "\(product)")
    #expect("\(product)".contains("a: f32[2, 4]") && "\(product)".contains("b: f32[5, 2]"))
    #expect(product.site?.file == "ApusNNTests/BadInputLayerTests.swift")
  }

  @Test("a parameter made of a failed tensor tells that tensor's mistake")
  func failedParameter() throws {
    let failed = BadInput.failed.tensor
    let parameter = Parameter(failed)
    #expect(parameter.value.error == failed.error)
    try parameter.allocate(.float32, [2])
    #expect(parameter.value.error == failed.error)
  }

  @Test("limits that are no limits leave gradients alone, and wrong ones fail")
  func limits() {
    let x = Tensor([3.0, 4])
    #expect(GradientClipping.globalNorm(.infinity)([x])[0].error == nil)
    #expect(
      GradientClipping.value(.nan)([x])[0].error?.reason == "the limit nan is not a number from 0")
    #expect(clippedByGlobalNorm([x], .infinity).clipped[0].error == nil)
  }
}
