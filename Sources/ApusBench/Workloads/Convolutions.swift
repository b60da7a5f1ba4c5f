import Apus

extension WorkloadMaker {
  /// Depthwise and transposed convolutions among what networks have around them.
  static var convolutions: [WorkloadMaker] {
    [
      WorkloadMaker(name: "depthwise") {
        // Drawn in PyTorch's order of axes, then turned.
        let x = givenNumbers([32, 16, 28, 28], seed: 100)
        return try trained(inverted(), x.transposed(permutation: [0, 2, 3, 1]))
      },
      WorkloadMaker(name: "transposed") {
        try trained(generator(), givenNumbers([32, 100], seed: 100))
      },
    ]
  }

  private static func trained(_ model: Sequential, _ x: Tensor) throws -> TrainingWorkload {
    TrainingWorkload(
      try model.givenWeights(for: x.shape, scale: 0.05), SGD(learningRate: 0.01, momentum: 0.9),
      try givenBatches(x, classes: 10, size: 32))
  }

  /// A block of MobileNet V2 and a classifier.
  private static func inverted() -> Sequential {
    Sequential {
      Conv2D(128, kernel: 1, activation: .relu)
      DepthwiseConv2D(kernel: 3, padding: .symmetric(1), activation: .relu)
      Conv2D(16, kernel: 1)
      GlobalAvgPool2D()
      Dense(10)
    }
  }

  /// A layer of DCGAN's generator between two dense ones.
  private static func generator() -> Sequential {
    Sequential {
      Dense(256 * 8 * 8, activation: .relu)
      Reshape(256, 8, 8)
      ConvTranspose2D(
        128, kernel: 4, stride: 2, padding: .symmetric(1), activation: .relu,
        layout: .channelsFirst)
      GlobalAvgPool2D(layout: .channelsFirst)
      Dense(10)
    }
  }
}
