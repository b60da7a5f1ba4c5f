import Apus
import Testing

final class ResidualBlock: Layer {
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

/// The examples of the article on custom layers.
@Suite("article: custom layers") struct CustomLayersArticle {
  @Test("a layer of one's own builds, names, checks and exchanges its parts")
  func layers() throws {
    let model = Sequential {
      for _ in 0..<3 { ResidualBlock(16) }
      Dense(10)
    }
    print(try model.summary([1, 16]))
    #expect(model.parameters.prefix(2).map(\.path) == ["0.first.weight", "0.first.bias"])
    #expect(model.parameterCount == 3 * (2 * (16 * 16 + 16) + 1) + 170)

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
      Sequential { for _ in 0..<3 { ResidualBlock(16) } }
      Dense(5)
    }
    let renaming = PathRenaming.replacingPrefix("", with: "0").then(.dropping("0.3.*"))
    let report = try larger.load(from: model, renaming: renaming, strict: false)
    print(report)  // 15 of 17 matched, 2 missing: 1.weight …
    #expect(report.missing == ["1.weight", "1.bias"] && report.matched.count == 15)

    let deep = Sequential {
      for _ in 0..<12 { Recompute(ResidualBlock(16)) }
      Dense(10)
    }
    #expect(try deep.build(TensorType(.float32, [2, 16]), seed: 1).shape == [2, 10])
    #expect(deep.parameters[0].path == "0.first.weight")
  }
}
