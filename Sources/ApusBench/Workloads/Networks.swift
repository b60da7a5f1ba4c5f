import Apus

extension WorkloadMaker {
  /// The networks of the command line on their data; weights start as the framework likes.
  static var networks: [WorkloadMaker] {
    [
      WorkloadMaker(name: "lenet", isGiven: false) {
        TrainingWorkload(LeNet5(), SGD(learningRate: 0.01, momentum: 0.9), try digits())
      },
      WorkloadMaker(name: "mlp", isGiven: false) {
        TrainingWorkload(MLP([512, 256, 10]), Adam(learningRate: 0.001), try digits())
      },
      WorkloadMaker(name: "iris", isGiven: false) {
        TrainingWorkload(IrisNet(), Adam(learningRate: 0.001), try flowers())
      },
    ]
  }

  private static func digits() throws -> CyclingBatches {
    let digits = try MNIST.digits5k().dataset
    return try CyclingBatches(DataLoader(digits, batchSize: 128), distinct: 39, steps: 1)
  }

  private static func flowers() throws -> CyclingBatches {
    let flowers = try Iris.load().dataset.subset((0..<150).map { 37 * $0 % 150 })
    return try CyclingBatches(DataLoader(flowers, batchSize: 1), distinct: 150, steps: 1)
  }
}
