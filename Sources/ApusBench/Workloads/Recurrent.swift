import Apus

extension WorkloadMaker {
  /// Two layers 128 → 256 over sequences of 64 steps, then a dense layer of 10 on the last step.
  static var recurrent: [WorkloadMaker] {
    [
      WorkloadMaker(name: "lstm") { try reader(LSTM(256, layers: 2)) },
      WorkloadMaker(name: "gru") { try reader(GRU(256, layers: 2)) },
    ]
  }

  private static func reader(_ recurrent: any RecurrentLayer) throws -> TrainingWorkload {
    let x = givenNumbers([128, 64, 128], seed: 100)
    let model = try Sequential([recurrent, Dense(10)]).givenWeights(for: [32, 64, 128])
    return TrainingWorkload(
      model, Adam(learningRate: 0.001), try givenBatches(x, classes: 10, size: 32))
  }
}
