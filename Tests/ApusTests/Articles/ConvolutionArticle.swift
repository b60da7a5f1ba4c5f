import Apus
import Testing

/// The examples of the articles on convolution, normalization and regularization.
@Suite("article: convolution, normalization, regularization") struct ConvolutionArticle {
  @Test("a generator and a classifier")
  func convolution() throws {
    let generator = Sequential {
      Dense(256 * 4 * 4, activation: .relu)
      Reshape(4, 4, 256)
      ConvTranspose2D(128, kernel: 4, stride: 2, padding: .symmetric(1), activation: .relu)
      ConvTranspose2D(3, kernel: 4, stride: 2, padding: .symmetric(1), activation: .tanh)
    }

    let classifier = Sequential {
      Conv2D(16, kernel: 3, padding: .same, activation: .relu)
      SeparableConv2D(32, kernel: 3, stride: 2, padding: .same, activation: .relu)
      StochasticPool2D(2)
      AdaptiveAvgPool2D(1)
      Flatten()
      Dense(10)
    }

    let images = generator(Tensor.normal([8, 64], key: RandomKey(seed: 1)))  // [8, 16, 16, 3]
    let logits = classifier(images)  // [8, 10]
    try eval(images, logits)
    #expect(images.shape == [8, 16, 16, 3])
    #expect(logits.shape == [8, 10])
  }

  @Test("weights computed from others")
  func normalization() throws {
    let model = Sequential {
      Conv2D(64, kernel: 3, padding: .same, useBias: false)
      BatchNorm()
      Activation.relu
    }
    #expect(try model.build(TensorType(.float32, [2, 8, 8, 3]), seed: 1).shape == [2, 8, 8, 64])

    let critic = Sequential {
      Conv2D(64, kernel: 4, stride: 2).deriving(\.weight, by: SpectralNorm())
      Activation.leakyRelu(slope: 0.2)
      Flatten()
      Dense(1).deriving(\.weight, by: WeightNorm())
    }
    #expect(try critic.build(TensorType(.float32, [2, 8, 8, 3]), seed: 1).shape == [2, 1])
    #expect(critic.parameters.map(\.path).contains("0.weight_orig"))
    #expect(critic.buffers.map(\.path).contains("0.weight_u"))
    #expect(critic.parameters.map(\.path).contains("3.weight_g"))

    final class Positive: Derivation {
      let log = Parameter()
      func start(from weight: Tensor) throws(Violation) { try log.allocate(weight.abs().log()) }
      func value(_ context: Context) -> Tensor { log.value.exp() }
    }
    let dense = Dense(3).deriving(\.weight, by: Positive())
    try dense.build(TensorType(.float32, [2, 4]), seed: 1)
    #expect(try dense.weight.value.min().scalar() > 0)
  }

  @Test("a residual block whose branch is dropped at times")
  func regularization() throws {
    let block = Residual(activation: .relu) {
      Conv2D(64, kernel: 3, padding: .same)
      Activation.relu
      Conv2D(64, kernel: 3, padding: .same)
      StochasticDepth(0.1)
    }
    #expect(try block.build(TensorType(.float32, [2, 8, 8, 64]), seed: 1).shape == [2, 8, 8, 64])
  }
}
