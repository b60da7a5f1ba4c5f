import Apus
import Foundation

/// The folder that a run leaves its files in.
struct RunFolder {
  let path: String

  var model: String { path + "/model.safetensors" }
  var config: String { path + "/config.json" }
  var history: String { path + "/history.csv" }
  var curves: String { path + "/curves.svg" }
  var misclassified: String { path + "/misclassified.png" }
  var checkpoints: String { path + "/checkpoints" }

  init(_ path: String) { self.path = path }

  func create() throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      throw Failure(
        path, "cannot make the folder: \((cause ?? error as NSError).localizedDescription)")
    }
  }

  /// Removes the checkpoints of an earlier run, which a new one would take for its own.
  func removeCheckpoints() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
    for name in names where name.hasPrefix("checkpoint-") && name.hasSuffix(".safetensors") {
      let file = checkpoints + "/" + name
      guard unlink(file) == 0 else {
        throw Failure(file, "cannot remove: \(String(cString: strerror(errno)))")
      }
    }
  }

  func write(_ settings: RunSettings) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(Array(encoder.encode(settings)) + [10], to: config)
  }

  func settings() throws -> RunSettings {
    guard let data = FileManager.default.contents(atPath: config) else {
      throw Failure(path, "holds no run to resume: config.json is missing or not readable")
    }
    do { return try JSONDecoder().decode(RunSettings.self, from: data) } catch {
      throw Failure(config, "is not the configuration of a run")
    }
  }

  /// Draws loss and accuracy over the epochs.
  func drawCurves(_ history: History, title: String) throws {
    let names = [
      ("loss", "loss"), ("val_loss", "test loss"), ("accuracy", "accuracy"),
      ("val_accuracy", "test accuracy"),
    ]
    let curves = names.map { CurvePlot.Curve($1, history[$0]) }.filter { !$0.values.isEmpty }
    try CurvePlot(title: title, curves: curves).write(to: self.curves)
  }

  /// Draws the samples that were put into a wrong class, at most 200.
  ///
  /// - Returns: Whether there are any.
  func drawMisclassified(_ wrong: [Int], of test: TensorDataset) throws -> Bool {
    guard !wrong.isEmpty else {
      unlink(misclassified)
      return false
    }
    let images = try test.subset(wrong.prefix(200)).array("inputs")
    try PNG.write(ImageGrid(columns: 20).image(of: images), to: misclassified)
    return true
  }
}
