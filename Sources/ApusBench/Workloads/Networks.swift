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
      WorkloadMaker(name: "iris32") {
        TrainingWorkload(
          try IrisNet().givenWeights(for: [32, 4]), Adam(learningRate: 0.001),
          try CyclingBatches(
            DataLoader(flowers(), batchSize: 32), distinct: 4, steps: 1))
      },
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

  private static func digits() throws -> CyclingBatches {
    let digits = try MNIST.digits5k().dataset
    return try CyclingBatches(DataLoader(digits, batchSize: 128), distinct: 39, steps: 1)
  }

  private static func flowers() throws -> TensorDataset {
    try Iris.load().dataset.subset((0..<150).map { 37 * $0 % 150 })
  }
}
