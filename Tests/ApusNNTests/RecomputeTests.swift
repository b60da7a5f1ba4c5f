import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@testable import ApusNN

/// A part that uses chance, moves buffers, penalizes and calls a layer twice.
private final class Block: Layer {
  let dense = Dense(6)
  let norm = BatchNorm()
  let dropout = Dropout(0.4)
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let h = norm(dense(dropout(x)).tanh())
    context.penalize(h.square().mean() * 0.1)
    return x + norm(dense(h))
  }
}

private final class Net: Layer {
  let blocks: [any Layer]
  let last = Dropout(0.3)
  init(_ blocks: [any Layer]) { self.blocks = blocks }
  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    last(blocks.reduce(x) { $1($0) })
  }
}

private final class Cross: Module {
  let query = Dense(6)
  let memory = Dense(6)
  func callAsFunction(_ x: Tensor, _ m: Tensor, _ context: Context) -> Tensor {
    scoped(context) { context in
      context.checkpointed([x, m]) { inputs, _ in [query(inputs[0]).tanh() * memory(inputs[1])] }[0]
    }
  }
}

private struct Step {
  let loss: Tensor
  let gradients: [Tensor]
  let buffers: [Tensor]
  let updates: Int
}

@Suite("Recompute") struct RecomputeTests {
  private let x = BadInput.filled([8, 6]) * 0.3

  private func step(_ model: Net, threads: Int = 1) throws -> Step {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
      try model.build(x.type, seed: 4)
      let context = Context(isTraining: true, key: RandomKey(seed: 9))
      let (loss, gradients) = model.valueAndGradients {
        let y = model(x, context)
        return context.penalty.map { y.square().mean() + $0 } ?? y
      }
      try eval([loss] + gradients)
      let updates = context.updates.count
      try context.applyUpdates()
      return Step(
        loss: loss, gradients: gradients, buffers: model.buffers.map(\.buffer.value),
        updates: updates)
    }
  }

  @Test("a wrapped model trains with the same bits, and moves its buffers once", arguments: [1, 2])
  func sameBits(threads: Int) throws {
    let plain = try step(Net((0..<3).map { _ in Block() }), threads: threads)
    let wrapped = try step(Net((0..<3).map { _ in Recompute(Block()) }), threads: threads)
    let mixed = try step(
      Net([Recompute(Block()), Block(), Recompute { Block() }]), threads: threads)
    try expectSameBits([plain.loss] + plain.gradients, [wrapped.loss] + wrapped.gradients)
    try expectSameBits(plain.buffers, wrapped.buffers)
    #expect(plain.updates == 9 && wrapped.updates == 9)
    #expect(mixed.gradients.count == plain.gradients.count)
  }

  @Test("wrapping renames nothing, and files fit both ways")
  func names() throws {
    let (plain, wrapped) = (Net([Block()]), Net([Recompute(Block())]))
    try plain.build(x.type, seed: 1)
    #expect(plain.parameters.map(\.path) == wrapped.parameters.map(\.path))
    #expect(try wrapped.load(from: plain).isComplete)
    #expect(
      wrapped.modules.map(\.path) == [
        "", "blocks.0", "blocks.0", "blocks.0.dense", "blocks.0.norm", "blocks.0.dropout", "last",
      ])
  }

  @Test("the arena of a deep stack shrinks")
  func memory() throws {
    func arena(_ wrap: (any Layer) -> any Layer) throws -> Int {
      let model = Net((0..<16).map { _ in wrap(Block()) })
      let input = TensorType(.float32, [1024, 6])
      try model.build(input, seed: 1)
      let leaves = model.parameters.map { Tensor.placeholder($0.parameter.value.type) }
      let variables = model.parameters.map(\.parameter.variable)
      let graph = try ApusCore.graph(
        of: { x in
          let context = Context(isTraining: true, key: RandomKey(seed: 1))
          let value = Bindings.$current.withValue(Bindings(variables, Array(x.dropFirst()))) {
            model(x[0], context).square().mean()
          }
          let found = vectorJacobianProduct(
            of: [value], cotangents: [Tensor(1, like: value)],
            withRespectTo: Array(x.dropFirst()))
          return [value] + found.compactMap { $0 }
        }, on: [input] + leaves.map(\.type))
      let plan = try CPUExecutor().compile(graph, options: CompileOptions())
      let words = plan.description.split(separator: "\n")[0].split(separator: " ")
      return try #require(words.dropLast().last.flatMap { Int($0) })
    }
    let plain = try arena { $0 }
    let wrapped = try arena { Recompute($0) }
    print("arena of 16 blocks: \(plain) bytes, \(wrapped) bytes with Recompute")
    #expect(wrapped * 5 < plain * 2)
  }

  @Test("parts with several inputs, and layers called without a context")
  func severalInputs() throws {
    try TestExecutor.cpu.run {
      let module = Cross()
      let context = Context(isTraining: true)
      let y = module(x, x * 2, context)
      let direct = module.query(x).tanh() * module.memory(x * 2)
      try expectSameBits([y], [direct])
      #expect(
        module.parameters.map(\.path) == [
          "query.weight", "query.bias", "memory.weight", "memory.bias",
        ])
      let failed = module(standIn(.float32, [8, 6]), standIn(.float32, [8, 9]), context)
      #expect(failed.error?.layerPath == "memory")
    }
  }

  @Test("a buffer that parts inside and outside move gets every step, in order")
  func sharedBuffers() throws {
    try TestExecutor.cpu.run {
      func run(_ wrap: (any Layer) -> any Layer) throws -> [Tensor] {
        let norm = BatchNorm()
        let model = Sequential([norm, wrap(norm), BatchNorm(), wrap(norm), norm])
        try model.build(x.type, seed: 0)
        let context = Context(isTraining: true)
        let y = model(x * 2 + 1, context)
        #expect(context.updates.count == 6)
        try context.applyUpdates()
        return [y] + norm.buffers.map(\.buffer.value)
      }
      try expectSameBits(try run { Recompute($0) }, try run { $0 })
    }
  }

  @Test("chance goes on where it would have: later layers draw what they drew")
  func keys() throws {
    try TestExecutor.cpu.run {
      let plain = Sequential {
        Dropout(0.5)
        Dropout(0.5)
        Dropout(0.5)
      }
      let wrapped = Sequential {
        Dropout(0.5)
        Recompute { Dropout(0.5) }
        Dropout(0.5)
      }
      let x = Tensor.ones([64])
      func call(_ model: Sequential) -> Tensor {
        model(x, Context(isTraining: true, key: RandomKey(seed: 3)))
      }
      try expectSameBits([call(plain)], [call(wrapped)])
    }
  }
}
