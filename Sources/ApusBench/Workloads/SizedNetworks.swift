import Apus

/// The sizes of a network, of those that tables of growing work vary.
struct NetworkSizes {
  private let values: [String: Int]

  /// Reads `batch=4,width=64`.
  init(_ text: Substring) throws {
    var values: [String: Int] = [:]
    for part in text.split(separator: ",") {
      let words = part.split(separator: "=")
      guard words.count == 2, let size = Int(words[1]), (1...1 << 20).contains(size) else {
        throw TensorError(operation: "bench", reason: "\(part) is not a size, like batch=4")
      }
      values[String(words[0])] = size
    }
    self.values = values
  }

  func callAsFunction(_ name: String) throws -> Int {
    guard let value = values[name] else {
      throw TensorError(operation: "bench", reason: "the size \(name) is missing")
    }
    return value
  }
}

/// Networks of one kind in many sizes.
struct NetworkFamily: Sendable {
  let make: @Sendable (NetworkSizes) throws -> any Workload

  static let all: [String: NetworkFamily] = [
    "mlp": NetworkFamily { sizes in
      let (batch, width) = (try sizes("batch"), try sizes("width"))
      let x = givenNumbers([4 * batch, 784], seed: 100)
      let model = MLP(Array(repeating: width, count: try sizes("depth")) + [10])
      return TrainingWorkload(
        try model.givenWeights(for: [batch, 784]), Adam(learningRate: 0.001),
        try givenBatches(x, classes: 10, size: batch))
    },
    "conv": NetworkFamily { sizes in
      let (batch, width, depth) = (try sizes("batch"), try sizes("width"), try sizes("depth"))
      let model = Sequential {
        for _ in 0..<depth {
          Conv2D(width, kernel: 3, padding: .symmetric(1), activation: .relu)
        }
        GlobalAvgPool2D()
        Dense(10)
      }
      let x = givenImages(batch)
      return TrainingWorkload(
        try model.givenWeights(for: x.shape), SGD(learningRate: 0.01, momentum: 0.9),
        try givenBatches(x, classes: 10, size: batch))
    },
    "lstm": NetworkFamily { sizes in
      try recurrentReader(
        LSTM(try sizes("width"), layers: try sizes("depth")), batch: try sizes("batch"),
        length: try sizes("length"))
    },
    "gpt": NetworkFamily { sizes in
      try languageModel(
        batch: try sizes("batch"), width: try sizes("width"), depth: try sizes("depth"),
        length: try sizes("length"))
    },
  ]
}
