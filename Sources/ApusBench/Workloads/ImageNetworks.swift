import Apus

extension WorkloadMaker {
  /// Convolutional networks on given images of 32 × 32 in three colours.
  static var imageNetworks: [WorkloadMaker] {
    [
      WorkloadMaker(name: "vgg") { try trained(.smallVGG(), batch: 64) },
      WorkloadMaker(name: "resnet18") { try trained(.resNet18(), batch: 32) },
      WorkloadMaker(name: "resnet18-bf16") {
        try trained(.resNet18(), batch: 32, precision: .mixedBFloat16)
      },
      WorkloadMaker(name: "resnet18-infer1") { try applied(.resNet18(), batch: 1) },
      WorkloadMaker(name: "resnet18-infer32") { try applied(.resNet18(), batch: 32) },
      WorkloadMaker(name: "mobilenet") { try trained(.smallMobileNet(), batch: 32) },
      WorkloadMaker(name: "transposed") {
        let x = givenNumbers([32, 100], seed: 100)
        return try trained(.generator(), x)
      },
    ]
  }

  private static func trained(
    _ model: Sequential, batch: Int, precision: Precision = .float32
  ) throws -> TrainingWorkload {
    try trained(model, givenImages(batch), precision: precision)
  }

  private static func trained(
    _ model: Sequential, _ x: Tensor, precision: Precision = .float32
  ) throws -> TrainingWorkload {
    TrainingWorkload(
      try model.givenWeights(for: x.shape), SGD(learningRate: 0.01, momentum: 0.9),
      try givenBatches(x, classes: 10, size: x.shape[0]), precision: precision)
  }

  private static func applied(_ model: Sequential, batch: Int) throws -> FunctionWorkload {
    let x = givenImages(batch)
    let model = try model.givenWeights(for: x.shape)
    return try FunctionWorkload([x]) { [model($0[0])] }
  }
}

/// Images drawn in PyTorch's order of axes, then turned.
func givenImages(_ count: Int) -> Tensor {
  givenNumbers([count, 3, 32, 32], seed: 100).transposed(permutation: [0, 2, 3, 1])
}
