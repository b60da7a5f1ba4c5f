import Apus

extension WorkloadMaker {
  /// Two layers 128 → 256 over sequences of 64 steps, then a dense layer of 10 on the last step.
  static var recurrent: [WorkloadMaker] {
    [
      WorkloadMaker(name: "lstm") { try recurrentReader(LSTM(256, layers: 2)) },
      WorkloadMaker(name: "gru") { try recurrentReader(GRU(256, layers: 2)) },
    ]
  }
}

/// A recurrent network and a dense layer of 10 on its last step, in training.
func recurrentReader(
  _ recurrent: any RecurrentLayer, batch: Int = 32, length: Int = 64
) throws -> TrainingWorkload {
  let count = max(4 * batch, 128) / batch * batch
  let x = givenNumbers([count, length, 128], seed: 100)
  let model = try Sequential([recurrent, Dense(10)]).givenWeights(for: [batch, length, 128])
  return TrainingWorkload(
    model, Adam(learningRate: 0.001), try givenBatches(x, classes: 10, size: batch))
}
