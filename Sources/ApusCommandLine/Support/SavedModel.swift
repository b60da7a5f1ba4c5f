import Apus
import Foundation

/// A model in a file that says what it is: architecture, classes, data and seed of its training.
struct SavedModel {
  let path: String
  let architecture: Architecture
  let classNames: [String]
  let precision: Precision
  let data: DataName
  /// Decided which samples were held out.
  let seed: UInt64
  let model: any Layer

  private enum Key {
    static let architecture = "apus.architecture"
    static let classes = "apus.classes"
    static let precision = "apus.precision"
    static let data = "apus.data"
    static let seed = "apus.seed"
  }

  init(
    path: String, architecture: Architecture, classNames: [String], precision: Precision,
    data: DataName, seed: UInt64, model: any Layer
  ) {
    self.path = path
    self.architecture = architecture
    self.classNames = classNames
    self.precision = precision
    self.data = data
    self.seed = seed
    self.model = model
  }

  /// Writes the file in one step.
  func write() throws {
    let classes = String(decoding: try JSONEncoder().encode(classNames), as: UTF8.self)
    try save(
      model, to: path,
      metadata: [
        Key.architecture: architecture.rawValue, Key.classes: classes,
        Key.precision: precision.option, Key.data: data.rawValue, Key.seed: String(seed),
      ])
  }

  /// Reads a file that ``write()`` wrote.
  init(contentsOf path: String) throws {
    let notes = try Safetensors.metadata(of: path)
    func note<Value>(_ key: String, _ parse: (String) -> Value?) throws -> Value {
      guard let text = notes[key] else {
        throw Failure(path, "is not a model that apus train wrote: the note \(key) is missing")
      }
      guard let value = parse(text) else {
        throw Failure(path, "has an unknown \(key): \"\(text)\"")
      }
      return value
    }
    architecture = try note(Key.architecture) { Architecture(rawValue: $0) }
    classNames = try note(Key.classes) {
      try? JSONDecoder().decode([String].self, from: Data($0.utf8))
    }
    precision = try note(Key.precision) { PrecisionOption(rawValue: $0)?.precision }
    data = try note(Key.data) { DataName(rawValue: $0) }
    seed = try note(Key.seed) { UInt64($0) }
    self.path = path
    guard (1...4096).contains(classNames.count) else {
      throw Failure(path, "has \(classNames.count) classes")
    }
    model = architecture.model(classes: classNames.count)
    try model.build(architecture.inputType(1, precision), seed: 0)
    try load(model, from: path)
  }

  /// A trainer that evaluates and predicts.
  func trainer(on device: Device) -> Trainer {
    Trainer(
      model, loss: .crossEntropy, metrics: [.accuracy], precision: precision, device: device)
  }

  /// The held-out samples of the training, or those of other data.
  func testData(_ selection: DataSelection) throws -> SplitData {
    let split: SplitData
    if let (name, folder) = try selection.located() {
      split = try SplitData(name, folder: folder, seed: seed)
    } else if data.isEmbedded {
      split = try SplitData(embeddedFor: architecture, seed: seed)
    } else {
      throw Failure(path, "was trained on \(data.rawValue): give its folder with --data")
    }
    try split.check(for: architecture)
    guard split.classNames.count == classNames.count else {
      throw Failure(
        path, "has \(classNames.count) classes, the data \(split.classNames.count)")
    }
    return split
  }
}
