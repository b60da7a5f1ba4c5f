import Apus
import Testing

/// The examples of the READMEs that follow the first.
@Suite("article: README") struct ReadmeArticle {
  @Test("a layer of one's own; frozen, with another head, given away")
  func layer() throws {
    final class Scaled: Layer {
      let inner = Dense(16, activation: .relu)
      let scale = Parameter(.ones)

      func build(for x: TensorType) throws(Violation) { try scale.allocate(x.dtype, [16]) }
      func forward(_ x: Tensor, _ context: Context) -> Tensor { inner(x) * scale.value }
    }

    let model = Sequential {
      Scaled()
      Dense(10)
    }
    print(try model.summary([1, 16]))
    #expect(model.parameters.map(\.path).contains("0.scale"))
    #expect(model.parameterCount == 16 * 16 + 16 + 16 + 170)

    try model.setTrainable(false, matching: "0.**")
    let classifier = try model.replacing(at: -1, with: Dense(2))
    let other = Sequential {
      Scaled()
      Dense(3)
    }
    let report = try other.load(from: model, matching: "0.**", strict: false)
    print(classifier.parameterCounts, report)
    #expect(model.trainableParameterCount == 170)
    #expect(report.matched == ["0.inner.weight", "0.inner.bias", "0.scale"])
  }

  @Test("a trainer for a GPU, and one for a mesh")
  func devices() {
    let model = Sequential { Dense(10) }
    let onGPU = Trainer(model, loss: .crossEntropy, device: .xla("cuda"))
    let onFour = Trainer(model, loss: .crossEntropy, device: .mesh(["data": 4], on: "cuda"))
    #expect(onGPU.device == Device("cuda"))
    #expect(onFour.device == .mesh(Mesh(["data": 4], on: "cuda")))
  }
}
