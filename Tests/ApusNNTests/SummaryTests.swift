import ApusCore
import ApusModels
import ApusNN
import Testing

/// A module with two inputs, a loop over time, and parameters that no listed layer holds.
private final class Recurrent: Module {
  let input = Dense(3, inputs: 4)
  let state = Dense(3, inputs: 3, useBias: false)
  let scales = Scales()
  func callAsFunction(
    _ x: Tensor, _ h: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    scoped(file: file, line: line) { context in
      let steps = input(x) * scales.weight.value
      let y = scan(initial: [h], over: [steps]) { c, x in
        let next = (state(c[0]) + x[0]).tanh()
        return ([next], [next])
      }.y[0]
      context.observe(self, output: y)
      return y
    }
  }
}

private final class Scales: Module {
  let weight = Parameter(Tensor([1, 2, 3] as [Float]))
}

private final class Wrapping: Layer {
  let body = Sequential {
    Dense(8)
    Sequential {
      Dense(8)
      Activation.relu
    }
  }
  let head = Dense(2)
  func forward(_ x: Tensor, _ context: Context) -> Tensor { head(body(x)) }
}

@Suite("summary") struct SummaryTests {
  @Test("LeNet-5 has 61,706 parameters and 416,520 multiply-adds")
  func leNet() throws {
    let summary = try LeNet5().summary(for: TensorType(.float32, [1, 28, 28, 1]))
    #expect(summary.parameterCount == 61_706)
    #expect(summary.rows.reduce(0) { $0 + $1.parameters } == 61_706)
    let convolutions = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150
    #expect(summary.multiplyAdds == convolutions + 400 * 120 + 120 * 84 + 84 * 10)
    let second = try #require(summary.rows.first { $0.path == "conv2" })
    #expect(second.output == TensorType(.float32, [1, 10, 10, 16]))
    #expect(second.parameters == 16 * 6 * 25 + 16)
    #expect(second.activationBytes == 1600 * 4)
  }

  @Test("the table is exact text")
  func table() throws {
    let summary = try IrisNet().summary(for: TensorType(.float32, [2, 4]))
    #expect(
      summary.description == """
        layer                          output      parameters  multiply-adds  activation bytes
        ──────────────────────────────────────────────────────────────────────────────────────
        hidden1  Dense(4 → 30, relu)   f32[2, 30]         150            240               240
        hidden2  Dense(30 → 16, relu)  f32[2, 16]         496            960               128
        output   Dense(16 → 3)         f32[2, 3]           51             96                24
        (model)  IrisNet               f32[2, 3]            0              0                 0
        ──────────────────────────────────────────────────────────────────────────────────────
        total                                             697          1,296               392
        """)
  }

  @Test("a shared layer counts once; frozen parameters are told apart")
  func shared() throws {
    let shared = Dense(4)
    let model = Sequential([shared, shared])
    shared.bias?.isTrainable = false
    let summary = try model.summary(for: TensorType(.float32, [1, 4]))
    #expect(summary.parameterCount == 20)
    #expect(summary.trainableCount == 16)
  }

  @Test("a model that cannot take the input says why")
  func refusal() {
    #expect(throws: TensorError.self) {
      try LeNet5().summary(for: TensorType(.float32, [1, 28, 28]))
    }
  }

  @Test("a shape is enough for float32 inputs")
  func shape() throws {
    let summary = try LeNet5().summary([1, 28, 28, 1])
    #expect(summary.parameterCount == 61_706)
    #expect(throws: TensorError.self) { try LeNet5().summary([1, 28]) }
  }

  @Test("modules with several inputs, loops and unlisted parameters")
  func severalInputs() throws {
    let module = Recurrent()
    let types = [TensorType(.float32, [7, 2, 4]), TensorType(.float32, [2, 3])]
    let summary = try module.summary(for: types) { [module($0[0], $0[1])] }
    #expect(
      summary.description == """
        layer                           output        parameters  multiply-adds  activation bytes
        ─────────────────────────────────────────────────────────────────────────────────────────
        input    Dense(4 → 3)           f32[7, 2, 3]          15            168               168
        state    Dense(3 → 3, no bias)  f32[2, 3]              9            126                24
        (model)  Recurrent              f32[7, 2, 3]           3              0                 0
        ─────────────────────────────────────────────────────────────────────────────────────────
        total                                                 27            294               192
        """)
    let error = #expect(throws: TensorError.self) {
      try module.summary(for: types.reversed()) { [module($0[0], $0[1])] }
    }
    #expect(error?.layerPath == "input")
    #expect(throws: TensorError.self) {
      try module.summary(for: [TensorType(.float32, [-1])]) { $0 }
    }
  }

  @Test("a depth folds what lies below; nothing is lost")
  func depth() throws {
    let model = Wrapping()
    try model.build(TensorType(.float32, [1, 4]), seed: 0)
    try model.setTrainable(false, matching: "body.1.**")
    let summary = try model.summary([1, 4])
    #expect(
      summary.rows.map(\.path) == ["body.0", "body.1.0", "body.1.1", "body.1", "body", "head", ""])
    #expect(summary.rows.map(\.depth) == [2, 3, 3, 2, 1, 1, 0])
    for depth in 0...4 {
      let limited = summary.limited(toDepth: depth)
      #expect(limited.rows.allSatisfy { $0.depth <= depth })
      #expect(limited.multiplyAdds == summary.multiplyAdds)
      #expect(limited.activationBytes == summary.activationBytes)
      #expect(limited.rows.reduce(0) { $0 + $1.parameters } == summary.parameterCount)
      #expect(limited.rows.reduce(0) { $0 + $1.trainableParameters } == summary.trainableCount)
    }
    #expect(
      summary.limited(toDepth: 1).description == """
        layer                              output     parameters  multiply-adds  activation bytes
        ─────────────────────────────────────────────────────────────────────────────────────────
        body     Sequential partly frozen  f32[1, 8]         112             96                96
        head     Dense(8 → 2)              f32[1, 2]          18             16                 8
        (model)  Wrapping                  f32[1, 2]           0              0                 0
        ─────────────────────────────────────────────────────────────────────────────────────────
        total                                                130            112               104
        trainable: 58
        """)
  }

  @Test("checkpointed parts and slots count as what they wrap")
  func wrapped() throws {
    let plain = Sequential {
      Dense(8)
      Dense(2)
    }
    let wrapped = Sequential {
      Recompute(Dense(8))
      LayerSlot(Dense(2))
    }
    #expect(try plain.summary([3, 4]).description == wrapped.summary([3, 4]).description)
  }
}
