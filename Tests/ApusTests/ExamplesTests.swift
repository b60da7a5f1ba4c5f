import Apus
import Foundation
import Testing

/// The examples of the README and the articles, compiled and run as they are written there.
@Suite("examples") struct ExamplesTests {
  @Test("the README's example trains and saves")
  func readme() throws {
    let digits = try MNIST.digits5k()
    let (all, rest) = try digits.dataset.split(test: 0.2, seed: 0, stratifiedBy: "targets")
    let (train, test) = (try all.prefix(640), try rest.prefix(200))
    let model = Sequential {
      Conv2D(6, kernel: 5, padding: .same, activation: .relu)
      MaxPool2D(2)
      Conv2D(16, kernel: 5, activation: .relu)
      MaxPool2D(2)
      Flatten()
      Dense(120, activation: .relu)
      Dense(10)
    }
    let trainer = Trainer(model, loss: .crossEntropy, optimizer: Adam(), metrics: [.accuracy])
    let history = try trainer.fit(
      train, epochs: 3, batchSize: 64, validation: test, progress: .silent)
    #expect((history["val_accuracy"].last ?? 0) > 0.6)
    let path = FileManager.default.temporaryDirectory
      .appending(path: "apus-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try save(model, to: path)
    try load(model, from: path)
  }

  @Test("every line of the README's example is in the test above")
  func readmeLines() throws {
    let here = URL(fileURLWithPath: #filePath)
    let root = here.deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    let test = try String(contentsOf: here, encoding: .utf8)
    for name in ["README.md", "README.ko.md"] {
      let readme = try String(contentsOf: root.appending(path: name), encoding: .utf8)
      let example = try #require(readme.components(separatedBy: "```swift\n").dropFirst().first)
      let lines = try #require(example.components(separatedBy: "```").first).split(separator: "\n")
      #expect(lines.count >= 15)
      // The test takes fewer samples, and a path of its own.
      for line in lines
      where !line.contains("split(") && !line.contains("fit(")
        && !line.contains("save(")
      {
        #expect(test.contains(line.trimmingCharacters(in: .whitespaces)), "\(name): \(line)")
      }
    }
  }

  @Test("the article's examples do what it says")
  func article() throws {
    let x = Tensor([1, 2, 3] as [Float])
    let y = (x * 2 + 1).tanh()
    #expect(y.shape == [3])
    #expect(try y.scalars().count == 3)
    let step = compile { [$0[0] * 2 + $0[1]] }
    #expect(try step(x, x)[0].scalars() == [3, 6, 9])
    let slope = gradient(at: x) { ($0 * $0 * $0).sum() }
    let curvature = gradient(at: x) { gradient(at: $0) { ($0 * $0 * $0).sum() }.sum() }
    #expect(try slope.scalars() == [3, 12, 27])
    #expect(try curvature.scalars() == [6, 12, 18])

    let w = Tensor.ones([4, 5])
    let h = matmul(Tensor.ones([2, 3]), w, file: "App/main.swift", line: 2)
    let out = h.relu().sum()
    let error = #expect(throws: TensorError.self) { try out.scalar() }
    #expect(
      error?.description == """
        matmul: inner dimensions differ: a has 3, b has 4
          a: f32[2, 3]
          b: f32[4, 5]
          called at App/main.swift:2
        """)
    #expect(h.error == error)
  }
}
