import ApusCore
import ApusNN
import ApusTestSupport
import Testing

private struct Pair {
  let first = Dense(2)
  let second = Dense(3)
}

private final class Attention: Layer {
  let query = Dense(4)
  let scale: Parameter
  init(_ shared: Parameter) { scale = shared }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { query(x) }
}

private final class Encoder: Layer {
  let layers: [Attention]
  let head: Dense?
  let none: Dense? = nil
  let pair = Pair()
  let label = "encoder"
  let sizes = [1, 2, 3]
  private let shared: Parameter
  init() {
    let shared = Parameter(Tensor([1, 2]))
    self.shared = shared
    layers = [Attention(shared), Attention(shared)]
    head = Dense(1, useBias: false)
  }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
}

private final class Outer: Layer {
  let inner = Middle()
  func forward(_ x: Tensor, _ context: Context) -> Tensor { inner(x) }
}

private final class Middle: Layer {
  let first = Dense(3)
  let bad = Dense(2, inputs: 5)
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    bad(first(x), file: "App/Model.swift", line: 20)
  }
}

private final class Wrong: Layer {
  let inner = Adder()
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    inner(x, file: "App/Wrong.swift", line: 7)
  }
}

private final class Adder: Layer {
  let weight = Parameter(Tensor([Float(1), 2, 3]))
  func forward(_ x: Tensor, _ context: Context) -> Tensor { x + weight.value }
}

private final class Dropping: Layer {
  let dropout = Dropout(0.5)
  let norm = BatchNorm()
  func forward(_ x: Tensor, _ context: Context) -> Tensor { norm(dropout(x)) }
}

@Suite("modules") struct ModuleTests {
  @Test(
    "parameters are named by property path; shared ones once; optionals, arrays, structs walked")
  func paths() {
    #expect(
      Encoder().parameters.map(\.path) == [
        "layers.0.query.weight", "layers.0.query.bias", "layers.0.scale",
        "layers.1.query.weight", "layers.1.query.bias", "head.weight", "pair.first.weight",
        "pair.first.bias", "pair.second.weight", "pair.second.bias",
      ])
  }

  @Test("Sequential numbers its layers, with for and if")
  func sequential() throws {
    let deep = true
    let model = Sequential {
      Dense(8, activation: .relu)
      for _ in 0..<2 { Dense(4) }
      if deep { Activation.tanh }
      Sequential { BatchNorm() }
    }
    #expect(
      model.parameters.map(\.path) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias", "4.0.weight", "4.0.bias",
      ])
    #expect(
      model.buffers.map(\.path) == [
        "4.0.running_mean", "4.0.running_var", "4.0.num_batches_tracked",
      ])
    let y = try model.build(TensorType(.float32, [5, 3]), seed: 1)
    #expect(y == TensorType(.float32, [5, 4]))
    #expect(model.parameterCount == 3 * 8 + 8 + 8 * 4 + 4 + 4 * 4 + 4 + 4 + 4)
  }

  @Test("a mistake in a part names its path, both shapes and the call in the user's file")
  func refusal() {
    expectRefusal(
      Outer()(standIn(.float32, [4, 7]), file: "App/Main.swift", line: 3),
      """
      Dense: takes 5 features, the input has 3
        input: f32[4, 3]
        weight: f32[2, 5]
        in layer inner.bad
        called at App/Model.swift:20
      """)
  }

  @Test("a mistake between operators names the layer and its call")
  func operatorRefusal() {
    let error = Wrong()(standIn(.float32, [4, 2])).error
    #expect(error?.layerPath == "inner")
    #expect(error?.site == CallSite(file: "App/Wrong.swift", line: 7))
    #expect(
      error?.operands.map(\.type) == [
        TensorType(.float32, [4, 2]), TensorType(.float32, [3]),
      ])
  }

  @Test("sizes without sense are refused with the path")
  func sizes() {
    let model = Sequential {
      Dense(3)
      Dense(-1)
    }
    let error = model(standIn(.float32, [1, 2])).error
    #expect(error?.reason == "-1 units are not a positive number")
    #expect(error?.layerPath == "1")
    #expect(
      Conv2D(8, kernel: 3)(standIn(.float32, [2, 9])).error?.reason
        == "needs images [batch, height, width, channels], not rank 2")
    #expect(
      Dropout(1.5)(standIn(.float32, [2])).error?.reason == "rate 1.5 is not in 0..<1")
    #expect(
      Embedding(10, width: 4)(standIn(.float32, [2])).error?.reason
        == "needs integer indices, not f32")
  }

  @Test("a parameter without shape says so")
  func unbuilt() {
    let layer = Dense(3)
    #expect(
      layer.weight.value.error?.reason
        == "a parameter has no shape yet: call the layer on an input first")
    _ = layer(standIn(.float32, [1, 2]))
    #expect(layer.weight.value.error == nil)
  }

  @Test("parts inherit training from the enclosing call")
  func inheritance() throws {
    let model = Dropping()
    let context = Context(isTraining: true, key: RandomKey(seed: 3))
    _ = model(standIn(.float32, [4, 2]), context)
    #expect(context.updates.count == 3)
    let calm = Context(isTraining: false)
    _ = model(standIn(.float32, [4, 2]), calm)
    #expect(calm.updates.isEmpty)
  }

  @Test("layers print their sizes")
  func printing() {
    let layer = Dense(128, activation: .relu)
    #expect("\(layer)" == "Dense(? → 128, relu)")
    _ = layer(standIn(.float32, [1, 784]))
    #expect("\(layer)" == "Dense(784 → 128, relu)")
    let conv = Conv2D(16, kernel: 5, stride: 2, groups: 2)
    _ = conv(standIn(.float32, [1, 28, 28, 6]))
    #expect("\(conv)" == "Conv2D(6 → 16, 5×5, stride 2, groups 2)")
    #expect(conv.weight.type == TensorType(.float32, [16, 3, 5, 5]))
  }
}
