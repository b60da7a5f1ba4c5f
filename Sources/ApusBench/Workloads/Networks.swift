import Apus

extension WorkloadMaker {
  /// The networks of the command line on their data.
  static var networks: [WorkloadMaker] {
    [
      WorkloadMaker(name: "iris") {
        try FitWorkload(
          IrisNet().givenWeights(for: [1, 4]), Adam(learningRate: 0.001), try flowers(),
          batchSize: 1)
      },
      readFlowers("iris1", batch: 1), readFlowers("iris32", batch: 32),
      WorkloadMaker(name: "mlp") {
        TrainingWorkload(
          try MLP([512, 256, 10]).givenWeights(for: [128, 28, 28, 1]),
          Adam(learningRate: 0.001), try digits())
      },
      WorkloadMaker(name: "lenet") {
        TrainingWorkload(
          try LeNet5().givenWeights(for: [128, 28, 28, 1]),
          SGD(learningRate: 0.01, momentum: 0.9), try digits())
      },
    ]
  }

  /// The iris network with the loss read after every batch.
  private static func readFlowers(_ name: String, batch: Int) -> WorkloadMaker {
    WorkloadMaker(name: name) {
      TrainingWorkload(
        try IrisNet().givenWeights(for: [batch, 4]), Adam(learningRate: 0.001),
        try CyclingBatches(
          DataLoader(flowers(), batchSize: batch), distinct: 150 / batch))
    }
  }

  private static func digits() throws -> CyclingBatches {
    let digits = try MNIST.digits5k().dataset
    return try CyclingBatches(DataLoader(digits, batchSize: 128), distinct: 39)
  }

  private static func flowers() throws -> TensorDataset {
    try Iris.load().dataset.subset((0..<150).map { 37 * $0 % 150 })
  }
}
