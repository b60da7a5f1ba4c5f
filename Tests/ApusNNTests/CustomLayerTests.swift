import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@testable import ApusNN

private struct Pair {
  let first = Dense(2)
  let second = Parameter(Tensor([1]))
}

private enum Branch {
  case plain(Dense)
  case none
}

private class Base: Layer, @unchecked Sendable {
  let first = Dense(2)
  func forward(_ x: Tensor, _ context: Context) -> Tensor { first(x) }
}

private class Middle: Base, @unchecked Sendable { let second = Dense(3) }

private final class Leaf: Middle, @unchecked Sendable {
  let third = Dense(4)
  override func forward(_ x: Tensor, _ context: Context) -> Tensor {
    third(second(super.forward(x, context)))
  }
}

private final class Zoo: Layer, @unchecked Sendable {
  let list = [Dense(1), Dense(2)]
  let nested = [[Dense(1)], [Dense(2), Dense(3)]]
  let table = ["b": Dense(1), "a": Dense(2), "c": Dense(3)]
  let numbered = [2: Dense(1), 1: Dense(2)]
  let maybe: Dense? = Dense(1)
  let never: Dense? = nil
  let deep: Dense?? = .some(.some(Dense(1)))
  let pair = Pair()
  let tuple = (left: Dense(1), right: Dense(2))
  let unlabeled = (Dense(1), 3)
  let branch = Branch.plain(Dense(1))
  let otherBranch = Branch.none
  let any: any Layer = Dense(1)
  let existential: Any = Dense(1)
  let mixed: [any Module] = [Dense(1), BatchNorm()]
  let renamed = Parameter(Tensor([1]), name: "gamma")
  lazy var late = Dense(1)
  let words = ["one", "two"]
  let lookup = ["x": 1.0]
  let empty: [Dense] = []
  func forward(_ x: Tensor, _ context: Context) -> Tensor { late(x) }
}

private final class Holder: Sendable { let layer = Dense(1) }

private final class Blind: Layer {
  private let holder = Holder()
  private let call: @Sendable (Tensor) -> Tensor
  init() {
    let captured = Dense(1)
    call = { captured($0) }
  }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { holder.layer(x) + call(x) }
}

private final class Tied: Layer {
  let encoder = Dense(3, inputs: 5, useBias: false)
  let bias = Parameter(.zeros)
  let again: Parameter
  init() { again = encoder.weight }
  func build(for x: TensorType) throws(Violation) { try bias.allocate(x.dtype, [5]) }
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    matmul(encoder(x).tanh(), again.value) + bias.value
  }
}

private final class Swapping: Layer, @unchecked Sendable {
  var head: any Layer
  init(_ head: any Layer) { self.head = head }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { head(x) }
}

private final class Ring: Layer, @unchecked Sendable {
  let weight = Parameter(Tensor([1, 2]))
  var next: Ring?
  func forward(_ x: Tensor, _ context: Context) -> Tensor { x * weight.value }
}

@Suite("custom layers") struct CustomLayerTests {
  private let type = TensorType(.float32, [4, 3])

  @Test("parameters are found in everything that holds values, under names that stay")
  func found() {
    let zoo = Zoo()
    let weights = zoo.parameters.map(\.path).filter { !$0.hasSuffix("bias") }
    let expected = [
      "list.0.weight", "list.1.weight", "nested.0.0.weight", "nested.1.0.weight",
      "nested.1.1.weight", "table.a.weight", "table.b.weight", "table.c.weight",
      "numbered.1.weight", "numbered.2.weight", "maybe.weight", "deep.weight",
      "pair.first.weight", "pair.second", "tuple.left.weight", "tuple.right.weight",
      "unlabeled.0.weight", "branch.plain.weight", "any.weight", "existential.weight",
      "mixed.0.weight", "mixed.1.weight", "gamma",
    ]
    #expect(weights == expected)
    // A lazy property is there once it has been read.
    _ = zoo.late
    #expect(
      zoo.parameters.map(\.path).filter { !$0.hasSuffix("bias") } == expected + ["late.weight"])
    #expect(Zoo().parameters.map(\.path) == Zoo().parameters.map(\.path))
  }

  @Test("superclasses come first")
  func inherited() {
    let paths = Leaf().parameters.map(\.path).filter { $0.hasSuffix("weight") }
    #expect(paths == ["first.weight", "second.weight", "third.weight"])
  }

  @Test("what closures and other classes hold is not found, and not trained in silence")
  func hidden() throws {
    let model = Blind()
    #expect(model.parameters.isEmpty)
    #expect(model(standIn(.float32, [4, 3])).error == nil)
    let error = try #require(
      model(standIn(.float32, [4, 3]), Context(isTraining: true)).error)
    #expect(error.operation == "Dense")
    #expect(error.reason.hasPrefix("its parameters would not be trained"))
    #expect(error.site?.file.hasSuffix("CustomLayerTests.swift") == true)
    // A frozen one may be called from anywhere: a teacher, a loss network.
    let teacher = Dense(2)
    let student = Lambda { teacher($0) }
    #expect(student(standIn(.float32, [4, 3]), Context(isTraining: true)).error != nil)
    teacher.setTrainable(false)
    #expect(student(standIn(.float32, [4, 3]), Context(isTraining: true)).error == nil)
  }

  @Test("tied weights are counted once, and get the gradients of both uses")
  func tied() throws {
    let model = Tied()
    try model.build(TensorType(.float64, [2, 5]), seed: 3)
    #expect(model.parameters.map(\.path) == ["encoder.weight", "bias"])
    #expect(model.parameterCount == 20)
    #expect(try model.namedTensors().map(\.name) == ["encoder.weight", "bias"])
    try TestExecutor.cpu.run {
      let x = BadInput.filled([2, 5], .float64) * 0.1
      let found = model.valueAndGradients { model(x).square().sum() }.gradients[0]
      let expected = try numericalGradient(at: model.encoder.weight.value) { w in
        (matmul(matmul(x, w.matrixTransposed()).tanh(), w)).square().sum()
      }
      try expectClose(found, expected.scalars(as: Double.self), absolute: 1e-7)
    }
  }

  @Test("a part put in place of another is found, named and trained")
  func replaced() throws {
    let model = Swapping(Dense(2))
    _ = model(standIn(.float32, [4, 3]))
    for width in [5, 6, 7] {
      // The old head goes away here: its address may be used again.
      model.head = Dense(width)
      let y = model(standIn(.float32, [4, 3]), Context(isTraining: true))
      #expect(y.type == TensorType(.float32, [4, width]))
      #expect(model.parameters.map(\.path) == ["head.weight", "head.bias"])
      #expect(model.parameterCount == 4 * width)
    }
    model.head = Dense(-1)
    #expect(model(standIn(.float32, [4, 3])).error?.layerPath == "head")
    model.head = Sequential {
      Dense(2)
      Dense(-1)
    }
    #expect(model(standIn(.float32, [4, 3])).error?.layerPath == "head.1")
  }

  @Test("a layer in a slot can be exchanged; the slot adds nothing to paths")
  func slot() throws {
    let slot = LayerSlot(Dense(10))
    let model = Sequential {
      Dense(4)
      slot
    }
    try model.build(type, seed: 1)
    #expect(model.parameters.map(\.path) == ["0.weight", "0.bias", "1.weight", "1.bias"])
    slot.layer = Sequential {
      Dense(3)
      Dense(2)
    }
    #expect(try model.build(type, seed: 1) == TensorType(.float32, [4, 2]))
    #expect(model.parameters.map(\.path).contains("1.1.weight"))
    #expect(model(standIn(.float32, [4, 3]), Context(isTraining: true)).error == nil)
  }

  @Test("parts that refer to each other are walked once")
  func cycles() {
    let (a, b) = (Ring(), Ring())
    a.next = b
    b.next = a
    #expect(a.parameters.map(\.path) == ["weight", "next.weight"])
    b.next = nil
  }
}
