import ApusData
import Foundation

/// Where a run stands: everything a checkpoint notes besides tensors.
struct CheckpointPosition: Sendable, Codable {
  /// Changes when the meaning of a field changes.
  static let currentFormat = 1

  var format = CheckpointPosition.currentFormat
  var seed: UInt64 = 0
  var optimizer = ""
  var precision = Precision.float32
  var accumulation: Int?
  var rateFactor: Double?
  /// Updates made, epochs finished, and epochs that were finished before the run.
  var step = 0
  var epoch = 0
  var firstEpoch = 0
  /// Finished batches and samples of the epoch in progress, and the sums over them.
  var batch = 0
  var samples = 0
  var sumBits: [UInt64] = []
  var history = History()
  /// The order of samples depends on these.
  var batchSize = 0
  var sampleCount = 0
  var loader: LoaderPosition?
  /// What callbacks keep, by name, and how many tensors each has.
  var callbackValues: [String: [String: Double]] = [:]
  var callbackTensors: [String: Int] = [:]

  init() {}

  init(_ data: any BatchSource) {
    batchSize = data.batchSize
    sampleCount = data.sampleCount
    loader = (data as? DataLoader)?.position(epoch: 0)
  }

  var sums: [Double] {
    get { sumBits.map { Double(bitPattern: $0) } }
    set { sumBits = newValue.map(\.bitPattern) }
  }

  /// What keeps a run over `data` from going on here, as lines of text.
  func differences(from data: any BatchSource, trainer: Trainer) -> [String] {
    func difference<T: Equatable>(_ name: String, _ saved: T, _ now: T) -> String? {
      saved == now ? nil : "\(name): \(saved) in the checkpoint, \(now) now"
    }
    let shuffle = (data as? DataLoader)?.position(epoch: 0).shuffleSeed
    return [
      difference("seed", seed, trainer.seed),
      difference("optimizer", optimizer, trainer.optimizer.name),
      difference("precision", precision, trainer.precision),
      difference("accumulation", accumulation ?? 1, trainer.options.accumulation),
      difference("batch size", batchSize, data.batchSize),
      difference("samples", sampleCount, data.sampleCount),
      loader == nil
        ? nil
        : difference(
          "shuffle seed", loader?.shuffleSeed.map(String.init) ?? "none",
          shuffle.map(String.init) ?? "none"),
    ].compactMap { $0 }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  static func parse(_ text: String) throws -> CheckpointPosition {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(CheckpointPosition.self, from: Data(text.utf8))
  }
}
