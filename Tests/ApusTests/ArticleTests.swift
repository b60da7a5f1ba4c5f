import Apus
import Foundation
import Testing

final class Residual: Layer {
  let first: Dense
  let second: Dense
  let scale = Parameter(Tensor([1 as Float]))

  init(_ width: Int) {
    first = Dense(width, activation: .relu)
    second = Dense(width)
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    x + second(first(x)) * scale.value
  }
}

final class Shift: Layer {
  let offset = Parameter(.zeros)

  func build(for x: TensorType) throws(Violation) {
    try offset.allocate(x.dtype, [x[-1]])
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor { x + offset.value }
}

final class Gate: Module {
  let gate = Dense(16, activation: .sigmoid)

  func callAsFunction(_ x: Tensor, _ other: Tensor) -> Tensor {
    scoped { context in
      let g = gate(x)
      let y = x * g + other * (1 - g)
      context.observe(self, output: y)
      return y
    }
  }
}

/// The examples of the articles on layers and differentiation, compiled and run as they are written
/// there.
@Suite("articles") struct ArticleTests {
  @Test("custom layers")
  func customLayers() throws {
    let model = Sequential {
      for _ in 0..<3 { Residual(16) }
      Dense(10)
    }
    print(try model.summary([1, 16]))
    #expect(model.parameters.prefix(2).map(\.path) == ["0.first.weight", "0.first.bias"])
    #expect(model.parameterCount == 3 * (2 * (16 * 16 + 16) + 1) + 170)

    let gate = Gate()
    let type = TensorType(.float32, [1, 16])
    let parts = try gate.summary(for: [type, type]) { [gate($0[0], $0[1])] }
    #expect(parts.rows.map(\.path) == ["gate", ""])

    let x = Tensor.normal([4, 16], dtype: .float64, key: RandomKey(seed: 0))
    let block = Sequential {
      Shift()
      Dense(16, activation: .tanh)
    }
    try block.build(x.type, seed: 1)
    let check = try block.checkGradients { block(x).square().mean() }
    print(check)  // gradients: 232 elements compared, agree …
    #expect(check.passed && check.comparedCount == 16 + 16 + 200)

    try model.setTrainable(false, matching: "0.**")  // returns the paths it froze
    let classifier = try model.replacing(at: -1, with: Dense(2))
    print(classifier.parameterCounts)  // (part, count) of each direct part
    let larger = Sequential {
      Sequential { for _ in 0..<3 { Residual(16) } }
      Dense(5)
    }
    let renaming = PathRenaming.replacingPrefix("", with: "0").then(.dropping("0.3.*"))
    let report = try larger.load(from: model, renaming: renaming, strict: false)
    print(report)  // 15 of 17 matched, 2 missing: 1.weight …
    #expect(report.missing == ["1.weight", "1.bias"] && report.matched.count == 15)

    let deep = Sequential {
      for _ in 0..<12 { Recompute(Residual(16)) }
      Dense(10)
    }
    #expect(try deep.build(TensorType(.float32, [2, 16]), seed: 1).shape == [2, 10])
    #expect(deep.parameters[0].path == "0.first.weight")
  }

  @Test("differentiation")
  func differentiation() throws {
    let x = Tensor([0.5, -1, 2, 0.25], shape: [2, 2])
    let (w, v) = (
      Tensor([0.1, 0.2, -0.3, 0.4], shape: [2, 2]), Tensor([1.0, 0, 0, 1], shape: [2, 2])
    )
    let (b, u, square) = (Tensor([0.5, 1.5]), Tensor.ones([2, 2], dtype: .float64), w)

    let slope = gradient(at: Tensor(3)) { x in x * x }  // 6
    let (value, slopes) = valueAndGradients(at: [w, b]) { p in
      (matmul(x, p[0]) + p[1]).tanh().sum()
    }
    #expect(try slope.scalar() == 6)
    #expect(value.shape == [] && slopes.map(\.shape) == [[2, 2], [2]])

    let third = gradient(at: Tensor(2)) { x in
      gradient(at: x) { x in gradient(at: x) { x in x * x * x * x } }
    }  // 24x = 48
    #expect(try third.scalar() == 48)

    let rounded = withCustomGradient([b]) {
      [$0[0].rounded()]
    } pullback: {
      [$0[0]]  // straight through
    }[0]
    #expect(try rounded.scalars() == [0, 2])

    let f: ([Tensor]) -> [Tensor] = { [matmul(x, $0[0]).tanh()] }
    let forward = jacobianVectorProduct(at: [w], along: [v], of: f).derivatives[0]  // J·v
    let backward = vectorJacobianProduct(at: [w], weights: [u], of: f).gradients[0]  // Jᵀ·u
    let curvature = hessianVectorProduct(at: [w], along: [v]) { f($0)[0].square().sum() }  // H·v
    let (left, right) = ((forward * u).sum(), (backward * v).sum())
    #expect(abs(try left.scalar(as: Double.self) - right.scalar(as: Double.self)) < 1e-12)
    #expect(curvature[0].shape == [2, 2])

    let rotation = jacobian(at: b) { p in concatenated([p[0..<1].sin(), p[1..<2].cos()]) }  // [2, 2]
    let bowl = hessian(at: b) { p in (p * p).sum() }  // 2·I
    #expect(rotation.shape == [2, 2])
    #expect(try bowl.nested(as: [[Double]].self) == [[2, 0], [0, 2]])

    let numerical = try numericalGradient(at: b) { ($0 * $0).sum() }
    let check = try checkGradients(at: [w, b], names: ["w", "b"]) { p in
      (matmul(x, p[0]) + p[1]).sigmoid()
    }
    print(check)
    #expect(check.passed && numerical.shape == [2])

    let y = checkpointed(x) { h in (0..<8).reduce(h) { h, _ in matmul(h, square).tanh() } }
    #expect(try y.scalars().count == 4)

    let computation = try graph(of: { [matmul($0[0], $0[1]).tanh()] }, on: [x.type, w.type])
    print(computation)  // one line per operation
    let drawing = computation.svg  // or .dot, for Graphviz
    #expect(drawing.hasPrefix("<svg"))
  }

  @Test("every line of the articles' examples is in the tests above")
  func lines() throws {
    let here = URL(fileURLWithPath: #filePath)
    let articles = here.deletingLastPathComponent()
      .appending(path: "../../Sources/Apus/Apus.docc").standardizedFileURL
    func code(_ line: Substring) -> String {
      let text = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
      return text.trimmingCharacters(in: .whitespaces)
    }
    let source = try String(contentsOf: here, encoding: .utf8)
    let test = Set(source.split(separator: "\n").map(code))
    for name in ["CustomLayers.md", "Differentiation.md"] {
      let article = try String(contentsOf: articles.appending(path: name), encoding: .utf8)
      let blocks = article.components(separatedBy: "```swift\n").dropFirst()
        .compactMap { $0.components(separatedBy: "```").first }
      #expect(blocks.count >= 6)
      for line in blocks.joined().split(separator: "\n") {
        #expect(test.contains(code(line)), "\(name): \(line)")
      }
    }
  }
}
