import ApusCore
import ApusData
import ApusInterop
import ApusNN
import Foundation

/// A run frozen between two steps: model, optimizer, position, figures, state of callbacks.
///
/// One safetensors file; the position is JSON in its metadata. Going on from it gives the same bits
/// as never having stopped.
struct TrainingCheckpoint {
  static let key = "apus.training"

  let path: String
  let position: CheckpointPosition
  let file: Safetensors

  /// Freezes a run.
  init(_ run: TrainingRun) throws {
    let trainer = run.trainer
    var position = run.position
    position.seed = trainer.seed
    position.optimizer = trainer.optimizer.name
    position.precision = trainer.precision
    position.accumulation = trainer.options.accumulation
    position.rateFactor = trainer.rateFactor
    position.step = trainer.step
    position.epoch = trainer.epoch
    position.batch = run.batch
    position.samples = run.samples
    position.sums = try run.readSums()
    position.history = run.history
    var entries = run.model.variables.map {
      Safetensors.Entry(name: "model." + $0.path, tensor: $0.variable.value)
    }
    for (name, tensor) in run.readSlots().sorted(by: { $0.key < $1.key }) {
      entries.append(.init(name: "optimizer." + name, tensor: tensor))
    }
    for callback in run.callbacks {
      let state = callback.savedState
      if state.values.isEmpty && state.tensors.isEmpty { continue }
      position.callbackValues[callback.name] = state.values
      position.callbackTensors[callback.name] = state.tensors.count
      for (index, tensor) in state.tensors.enumerated() {
        entries.append(.init(name: "callback.\(callback.name).\(index)", tensor: tensor))
      }
    }
    path = ""
    self.position = position
    file = Safetensors(
      entries, metadata: ["format": "pt", Self.key: try position.json()])
  }

  /// Writes the file in one step.
  func write(to path: String) throws { try file.write(to: path) }

  /// Reads a file, or the latest one of a folder that can be read.
  init(resolving path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FileError(path: path, reason: "there is no such file or folder")
    }
    guard isFolder.boolValue else {
      try self.init(contentsOf: path)
      return
    }
    let candidates = Checkpoint.files(in: path)
    var failure: (any Error)?
    for candidate in candidates.reversed() {
      do {
        try self.init(contentsOf: candidate.path)
        return
      } catch { failure = failure ?? error }
    }
    throw failure ?? FileError(path: path, reason: "the folder holds no checkpoint")
  }

  private init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    guard let text = file.metadata[Self.key] else {
      throw FileError(path: path, reason: "is no training checkpoint: \(Self.key) is missing")
    }
    guard let position = try? CheckpointPosition.parse(text) else {
      throw FileError(path: path, reason: "is no training checkpoint: its position is not readable")
    }
    guard position.format == CheckpointPosition.currentFormat else {
      throw FileError(
        path: path,
        reason: "has format \(position.format), "
          + "this version reads \(CheckpointPosition.currentFormat)")
    }
    let numbers = [position.batch, position.samples, position.step, position.epoch]
    guard numbers.allSatisfy((0...1 << 53).contains),
      position.firstEpoch >= 0, position.firstEpoch <= position.epoch
    else {
      throw FileError(
        path: path, reason: "is no training checkpoint: its position is negative or too large")
    }
    self.path = path
    self.position = position
    self.file = file
  }

  /// Puts a trainer and its model where the checkpoint stands.
  ///
  /// - Throws: ``FileError`` listing what differs; nothing has changed then.
  func restore(_ trainer: Trainer, data: any BatchSource) throws {
    var problems = position.differences(from: data, trainer: trainer)
    if position.batch > data.batchCount {
      problems.append("batch \(position.batch) of \(data.batchCount)")
    }
    if position.sums.count != trainer.figureNames.count {
      problems.append(
        "figures: \(position.sums.count) in the checkpoint, \(trainer.figureNames.count) now")
    }
    let slots = slotTensors
    problems += missingSlots(trainer, slots)
    guard problems.isEmpty else {
      throw FileError(
        path: path, reason: "does not fit the run:\n  " + problems.joined(separator: "\n  "))
    }
    try assign(entries(prefix: "model."), to: trainer.model.variables, path: path)
    trainer.slots = slots
    trainer.step = position.step
    trainer.epoch = position.epoch
    trainer.rateFactor = position.rateFactor ?? 1
  }

  /// Gives callbacks what they kept.
  func restore(_ callbacks: [any Callback]) throws {
    for callback in callbacks {
      guard let values = position.callbackValues[callback.name] else { continue }
      let count = max(position.callbackTensors[callback.name] ?? 0, 0)
      let tensors = (0..<min(count, file.entries.count)).compactMap {
        file["callback.\(callback.name).\($0)"]
      }
      try callback.restore(CallbackState(values: values, tensors: tensors))
    }
  }

  private var slotTensors: [String: Tensor] {
    Dictionary(
      entries(prefix: "optimizer.").map { ($0.name, $0.tensor) }, uniquingKeysWith: { a, _ in a })
  }

  private func missingSlots(_ trainer: Trainer, _ slots: [String: Tensor]) -> [String] {
    var problems: [String] = []
    for (path, parameter) in trainer.model.parameters where parameter.isTrainable {
      if let type = parameter.type, trainer.options.isFrozen(path, type) { continue }
      for slot in UpdateRule.slots(trainer.optimizer, trainer.options) {
        let name = TrainingState.slotName(slot, path)
        guard let tensor = slots[name] else {
          problems.append("missing: optimizer.\(name)")
          continue
        }
        if let type = parameter.type.map(trainer.optimizer.slotType), type != tensor.type {
          problems.append("mismatched: optimizer.\(name) is \(tensor.type), not \(type)")
        }
      }
    }
    return problems
  }

  private func entries(prefix: String) -> [Safetensors.Entry] {
    file.entries.filter { $0.name.hasPrefix(prefix) }
      .map { .init(name: String($0.name.dropFirst(prefix.count)), tensor: $0.tensor) }
  }
}
