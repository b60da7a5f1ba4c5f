import Apus

/// Two layers 128 → 256 over sequences of 64 steps, then a dense layer of 10 on the last step.
enum RecurrentWorkload {
  static let names = ["lstm", "gru"]
  static let (batch, steps, features, units, classes) = (32, 64, 128, 256, 10)
  static let distinct = 4

  static func model(_ name: String) throws -> any Layer {
    let recurrent: any RecurrentLayer =
      name == "gru" ? GRU(units, layers: 2) : LSTM(units, layers: 2)
    let model = Sequential([recurrent, Dense(classes)])
    try model.build(TensorType(.float32, [batch, steps, features]), seed: 1)
    for (index, entry) in model.parameters.enumerated() {
      guard let type = entry.parameter.type else { continue }
      // PyTorch's range, by numbers that the peer draws alike.
      let values = numbers(type.count, seed: index + 1).map { $0 / 16 }
      try entry.parameter.assign(Tensor(values, shape: type.shape, dtype: .float32))
    }
    return model
  }

  static func batches() throws -> CyclingBatches {
    let count = batch * distinct
    let x = Tensor(
      numbers(count * steps * features, seed: 100), shape: [count, steps, features],
      dtype: .float32)
    let y = Tensor((0..<count).map { Int32($0 * 7 % classes) })
    let loader = try DataLoader(TensorDataset(inputs: x, targets: y), batchSize: batch)
    return try CyclingBatches(loader, distinct: distinct, steps: 1)
  }

  /// Numbers in -1..<1 that any language draws alike.
  private static func numbers(_ count: Int, seed: Int) -> [Double] {
    var state = UInt64(seed)
    return (0..<count).map { _ in
      state = (state &* 1_103_515_245 &+ 12345) & 0x7fff_ffff
      return Double(state >> 15) / 32768 - 1
    }
  }
}
