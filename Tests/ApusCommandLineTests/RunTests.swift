import Apus
import Foundation
import Testing

@Suite("Commands from training to prediction")
struct RunTests {
  /// The accuracy in percent of a line such as `test: loss 0.1, accuracy 96.67 % (29 of 30)`.
  private func accuracy(_ text: String) -> Double? {
    text.split(separator: "\n").compactMap { line -> Double? in
      guard let range = line.range(of: "accuracy "),
        line.hasPrefix("test") || line.hasPrefix("loss")
      else { return nil }
      return Double(line[range.upperBound...].prefix { $0 != " " })
    }.last
  }

  @Test("iris reaches 95 % on held-out flowers")
  func iris() throws {
    let outcome = try Tool.run("train", "iris")
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.contains("105 samples of iris for training, 45 for test"))
    let reached = try #require(accuracy(outcome.output))
    #expect(reached >= 95)
  }

  @Test("Two runs of one seed give the same model; another seed another")
  func seeds() throws {
    try Folder.temporary { folder in
      func train(_ name: String, _ seed: String) throws -> Data {
        let path = folder + "/" + name
        let outcome = try Tool.run(
          "train", "iris", "--epochs", "2", "--quiet", "--seed", seed, "--output", path)
        #expect(outcome.status == 0)
        return try Data(contentsOf: URL(fileURLWithPath: path + "/model.safetensors"))
      }
      let first = try train("a", "1")
      #expect(try train("b", "1") == first)
      #expect(try train("c", "2") != first)
    }
  }

  @Test("LeNet-5: train, evaluate, predict, summary, pictures")
  func lenet() throws {
    try Folder.temporary { folder in
      let run = folder + "/run"
      let trained = try Tool.run("train", "lenet", "--epochs", "1", "--output", run)
      #expect(trained.status == 0, "\(trained.errors)")
      for name in [
        "model.safetensors", "config.json", "history.csv", "curves.svg", "misclassified.png",
        "checkpoints",
      ] {
        #expect(FileManager.default.fileExists(atPath: run + "/" + name), "\(name)")
        #expect(trained.output.contains(name))
      }
      let model = run + "/model.safetensors"
      let evaluated = try Tool.run("evaluate", model)
      #expect(evaluated.status == 0)
      #expect(accuracy(evaluated.output) == accuracy(trained.output))
      #expect(try PNG.read(run + "/misclassified.png").channels == 1)

      let digit = folder + "/digit.png"
      let image = try MNIST.digits5k(pixels: .bytes).dataset.subset([7]).array("inputs")
      try PNG.write(
        Image(width: 28, height: 28, channels: 1, pixels: image.bytes), to: digit)
      let predicted = try Tool.run("predict", model, digit)
      #expect(predicted.status == 0)
      #expect(predicted.errors.isEmpty)
      let shares = predicted.output.split(separator: "\n").compactMap { line in
        Double(line.split(separator: " ")[1])
      }
      #expect(shares.count == 10)
      #expect(shares == shares.sorted(by: >))
      #expect(abs(shares.reduce(0, +) - 100) < 0.1)

      let large = folder + "/large.png"
      let white = [UInt8](repeating: 255, count: 40 * 56)
      try PNG.write(Image(width: 40, height: 56, channels: 1, pixels: white), to: large)
      let refused = try Tool.run("predict", model, large, "--invert")
      #expect(refused.status == 1)
      #expect(
        refused.errors == "error: \(large): is 40 × 56 pixels, the model takes 28 × 28; "
          + "--resize scales it\n")
      let hinted = try Tool.run("predict", model, large, "--resize")
      #expect(hinted.status == 0)
      #expect(hinted.errors.hasPrefix("note: the border of \(large) is light"))

      let summary = try Tool.run("summary", model)
      #expect(summary.output.contains("61,706"))
    }
  }

  @Test("Exported digits train through --data")
  func export() throws {
    try Folder.temporary { folder in
      let shown = try Tool.run("data", "show", "digits", "--index", "3", "--export", folder)
      #expect(shown.status == 0)
      #expect(shown.output.contains("samples  5000"))
      #expect(shown.output.contains("  9  9: 500"))
      let trained = try Tool.run(
        "train", "mlp", "--epochs", "1", "--data", folder, "--output", folder + "/run")
      #expect(trained.status == 0, "\(trained.errors)")
      let model = folder + "/run/model.safetensors"
      let without = try Tool.run("evaluate", model)
      #expect(
        without.errors
          == "error: \(model): was trained on mnist: give its folder with --data\n")
      let evaluated = try Tool.run("evaluate", model, "--data", folder)
      #expect(accuracy(evaluated.output) == accuracy(trained.output))
    }
  }

  @Test("Every precision trains", arguments: ["float64", "bfloat16"])
  func precisions(name: String) throws {
    try Folder.temporary { folder in
      let trained = try Tool.run(
        "train", "iris", "--epochs", "5", "--precision", name, "--output", folder)
      #expect(trained.status == 0, "\(trained.errors)")
      let evaluated = try Tool.run("evaluate", folder + "/model.safetensors")
      #expect(accuracy(evaluated.output) == accuracy(trained.output), "\(evaluated.errors)")
    }
  }

  @Test("info prints what runs")
  func info() throws {
    let info = try Tool.run("info", "--threads", "1")
    #expect(info.status == 0)
    for word in ["executor", "instruction set", "threads          1 of", "oneDNN"] {
      #expect(info.output.contains(word))
    }
  }
}
