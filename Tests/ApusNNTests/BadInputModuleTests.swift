import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// Calls of modules besides those of layers and losses, which the table walks.
@Suite("bad input: modules") struct BadInputModuleTests {
  @Test("samplers, kept states and teacher forcing")
  func calls() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let x = BadInput.Operand("x", BadInput.filled([2, 3]))
      for size in BadInput.sizes {
        // Large numbers of rounds are valid, and only take their time.
        if (10...100_000).contains(size) { continue }
        bad.call("Gibbs \(size)", [x]) {
          [RestrictedBoltzmannMachine(2).gibbsSampled($0[0], steps: size)]
        }
        bad.call("hidden \(size)", [x]) { [RestrictedBoltzmannMachine(size).gibbsSampled($0[0])] }
      }
      for operand in BadInput.operands {
        bad.call("Gibbs", [operand]) { [RestrictedBoltzmannMachine(2).gibbsSampled($0[0])] }
        bad.attempt("state \(operand.name)") {
          let layer = GRU(2, stateful: true)
          try layer.resetState()
          let result = layer(operand.tensor, Context(isTraining: true))
          if let error = result.error { throw error }
          try layer.resetState()
        }
        bad.attempt("kept \(operand.name)") {
          let layer = LSTM(2, stateful: true)
          try layer.build(TensorType(.float32, [2, 3, 4]), seed: 1)
          for (_, buffer) in layer.buffers { try buffer.assign(operand.tensor) }
        }
      }
      let tokens = Tensor.zeros([2, 3], dtype: .int32)
      let decoder = RecurrentDecoder(
        vocabulary: 3, width: 2, recurrent: GRU(2, returnsSequences: true))
      for number in BadInput.numbers {
        bad.call("scheduled \(number)", [.init("tokens", tokens)]) {
          [decoder.run($0[0], forcing: .scheduled(number), Context(isTraining: true)).logits]
        }
      }
      #expect(bad.calls > 80 && bad.refusals > 50)
      print("bad input: calls of modules: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }

  @Test("derived weights: rules that fit no weight, and what they are started from")
  func derivations() {
    final class Wrong: Derivation {
      let part = Parameter()
      let shape: Shape
      init(_ shape: Shape) { self.shape = shape }
      func start(from weight: Tensor) throws(Violation) { try part.allocate(.float32, shape) }
      func value(_ context: Context) -> Tensor { part.value }
    }
    TestExecutor.cpu.run {
      var bad = BadInput()
      let x = BadInput.Operand("x", BadInput.filled([2, 3]))
      func derived(_ name: String, _ rule: some Derivation) {
        bad.call(name, [x]) { [Dense(2).deriving(\.weight, by: rule)($0[0])] }
        bad.attempt("\(name) restored") {
          let layer = Dense(2, inputs: 3).deriving(\.weight, by: rule)
          try layer.weight.restore()
          if let error = layer(x.tensor).error { throw error }
        }
      }
      for size in BadInput.sizes {
        derived("weight norm \(size)", WeightNorm(axis: size))
        derived("spectral norm \(size)", SpectralNorm(axis: size))
        if size < 10 || size > 1 << 41 {
          derived("iterations \(size)", SpectralNorm(iterations: size))
          derived("shape \(size)", Wrong([size]))
        }
      }
      for number in BadInput.numbers {
        derived("epsilon \(number)", SpectralNorm(epsilon: number))
      }
      for operand in BadInput.few where operand.tensor.error == nil {
        bad.attempt("weight \(operand.name)") {
          let parameter = Parameter(operand.tensor)
          parameter.derive(by: SpectralNorm())
          if let error = parameter.value.error { throw error }
        }
      }
      #expect(bad.calls > 100 && bad.refusals > 50)
      print("bad input: derived weights: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }

  @Test("summaries, transfers, patterns and edits of models")
  func models() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      func makers() -> [any Layer] {
        [
          LSTM(2), TransformerEncoder(TransformerOptions(width: 4, heads: 2, hidden: 3), layers: 1),
          Conv3D(2, kernel: 1), Embedding(3, width: 2), Branches([Dense(2), Dense(3)]),
          Recompute(Dense(2)), Dense(2).deriving(\.weight, by: SpectralNorm()),
          ConvTranspose2D(2, kernel: 2), BatchNorm(),
        ]
      }
      for operand in BadInput.operands where operand.tensor.error == nil {
        for layer in makers() {
          bad.attempt("summary of \(layer) for \(operand.name)") {
            let summary = try layer.summary(for: operand.tensor.type)
            for depth in BadInput.axes { _ = "\(summary.limited(toDepth: depth))" }
          }
        }
      }
      for dims in [[-1], [.max, .max], [.min], [0, .max, .max]] as [[Int]] {
        for layer in makers() {
          bad.attempt("summary for \(dims)") { _ = try layer.summary(Shape(dims)) }
        }
      }
      let built = Dense(2, inputs: 3)
      _ = built(BadInput.filled([1, 3]))
      for layer in makers() {
        let source: any Module = layer
        bad.attempt("transfer from \(layer)") { try built.load(from: source) }
        bad.attempt("freeze \(layer)") { try layer.setTrainable(false, matching: "no.such.*") }
        bad.attempt("fix \(layer)") { try layer.fixStatistics(matching: "[") }
      }
      for place in BadInput.sizes {
        let model = Sequential {
          Dense(2)
          Dense(3)
        }
        bad.attempt("replace \(place)") { _ = try model.replacing(at: place, with: Dense(1)) }
        bad.attempt("drop \(place)") { _ = try model.dropLast(place) }
      }
      #expect(bad.calls > 300 && bad.refusals > 200)
      print("bad input: models: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}
