import ApusCPU
import ApusTestSupport
import Testing

@testable import ApusCore

/// A stack of blocks, each with inner values of its own, and its gradients.
private struct Stack {
  let x: Tensor
  let weights: [Tensor]
  let key = RandomKey(seed: 5)

  init(depth: Int, width: Int, rows: Int) {
    x = Tensor.normal([rows, width], key: RandomKey(seed: 1))
    weights = (0..<depth).map {
      Tensor.normal([width, width], key: RandomKey(seed: 2 + $0)) * 0.3
    }
  }

  func block(_ x: Tensor, _ number: Int, _ weight: Tensor) -> Tensor {
    let h = matmul(x, weight).gelu()
    let kept = Tensor.bernoulli(0.8, shape: h.shape, key: key.folding(in: number))
    return x + matmul(h.where(kept, else: Tensor(0, like: h)).tanh(), weight.matrixTransposed())
  }

  func loss(_ x: Tensor, _ weights: [Tensor], checkpointed isCheckpointed: Bool) -> Tensor {
    var h = x
    for (number, weight) in weights.enumerated() {
      h =
        isCheckpointed
        ? checkpointed(h) { block($0, number, weight) } : block(h, number, weight)
    }
    return h.square().mean()
  }

  func step(checkpointed isCheckpointed: Bool) -> ([Tensor]) -> [Tensor] {
    { points in
      let (value, gradients) = valueAndGradients(at: points) {
        loss($0[0], Array($0.dropFirst()), checkpointed: isCheckpointed)
      }
      return [value] + gradients
    }
  }
}

@Suite("checkpointing") struct CheckpointTests {
  private func arena(_ function: ([Tensor]) -> [Tensor], _ points: [Tensor]) throws -> Int {
    let graph = try graph(of: function, on: points.map(\.type))
    let plan = try CPUExecutor().compile(graph, options: CompileOptions())
    let words = plan.description.split(separator: "\n")[0].split(separator: " ")
    return try #require(words.dropLast().last.flatMap { Int($0) })
  }

  @Test("values and gradients are the same bits, random draws included", arguments: [1, 2])
  func sameBits(threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
      let stack = Stack(depth: 6, width: 24, rows: 16)
      let points = [stack.x] + stack.weights
      let kept = stack.step(checkpointed: false)(points)
      let again = stack.step(checkpointed: true)(points)
      try eval(kept)
      try eval(again)
      try expectSameBits(kept, again)
    }
  }

  @Test("the memory of a deep stack falls to a fraction")
  func memory() throws {
    let stack = Stack(depth: 24, width: 16, rows: 512)
    let points = [stack.x] + stack.weights
    let kept = try arena(stack.step(checkpointed: false), points)
    let again = try arena(stack.step(checkpointed: true), points)
    let activation = 512 * 16 * 4
    print("arena of 24 blocks: \(kept) bytes kept, \(again) bytes recomputed")
    // One input per block, and the inner values of one block.
    #expect(again < (24 + 12) * activation)
    #expect(kept > 3 * 24 * activation)
  }

  @Test("a plan without gradient runs the body once")
  func forwardOnly() throws {
    let stack = Stack(depth: 3, width: 8, rows: 4)
    let points = [stack.x] + stack.weights
    func kernels(_ isCheckpointed: Bool) throws -> [Substring] {
      let graph = try graph(
        of: { [stack.loss($0[0], Array($0.dropFirst()), checkpointed: isCheckpointed)] },
        on: points.map(\.type))
      let plan = try CPUExecutor().compile(graph, options: CompileOptions())
      return Array(plan.description.split(separator: "\n").dropFirst())
    }
    let (plain, again) = (try kernels(false), try kernels(true))
    #expect(plain == again)
  }

  @Test("checkpoints nest, and their gradients have gradients", arguments: TestExecutor.allCases)
  func nested(on executor: TestExecutor) throws {
    try executor.run {
      try checkGradient(of: [[2, 3], [3, 3]], order: 2, seed: 3) { x in
        checkpointed(x[0]) { a in
          let b = checkpointed(a) { matmul($0, x[1]).tanh() }
          return b * a.exp()
        }
      }
    }
  }

  @Test("inside a scan and around one", arguments: TestExecutor.allCases)
  func scans(on executor: TestExecutor) throws {
    func recurrent(_ x: [Tensor], inner: Bool, outer: Bool) -> Tensor {
      func step(_ h: Tensor, _ e: Tensor) -> Tensor { (matmul(h, x[2]) + e).tanh() }
      func run(_ inputs: [Tensor]) -> [Tensor] {
        let result = scan(initial: [inputs[0]], over: [inputs[1]]) { c, e in
          let h = inner ? checkpointed([c[0], e[0]]) { [step($0[0], $0[1])] }[0] : step(c[0], e[0])
          return ([h], [h.square()])
        }
        return result.carry + result.y
      }
      let out = outer ? checkpointed([x[0], x[1]], of: run) : run([x[0], x[1]])
      return out[0].sum() + out[1].sum()
    }
    let points = [
      BadInput.filled([2, 3], .float64) * 0.1, BadInput.filled([5, 2, 3], .float64) * 0.2,
      BadInput.filled([3, 3], .float64) * 0.3,
    ]
    try executor.run {
      let plain = gradients(at: points) { recurrent($0, inner: false, outer: false) }
      for (inner, outer) in [(true, false), (false, true), (true, true)] {
        let found = gradients(at: points) { recurrent($0, inner: inner, outer: outer) }
        try expectSameBits(plain, found)
      }
    }
  }

  @Test("a long scan in checkpointed pieces keeps the states between pieces only")
  func pieces() throws {
    let x = Tensor.zeros([400, 64])
    func loss(_ decay: Tensor, piece: Int) -> Tensor {
      var h = decay
      func run(_ inputs: [Tensor]) -> [Tensor] {
        scan(initial: [inputs[0]], over: [inputs[1]]) { c, e in
          ([(c[0] * decay + e[0]).tanh()], [])
        }.carry
      }
      for part in x.chunks(ofSize: piece) { h = checkpointed([h, part], of: run)[0] }
      return h.sum()
    }
    let decay = [Tensor.ones([64])]
    let whole = try arena({ gradients(at: $0) { loss($0[0], piece: 400) } }, decay)
    let pieces = try arena({ gradients(at: $0) { loss($0[0], piece: 20) } }, decay)
    print("arena of a scan of 400 steps: \(whole) bytes, in 20 pieces \(pieces) bytes")
    #expect(pieces < whole / 5)
  }

  @Test("what was computed outside is an operand, not computed again")
  func captures() throws {
    let types = [TensorType(.float32, [4, 4])]
    let found = try graph(
      of: { x in
        let costly = matmul(x[0], x[0])
        return [checkpointed(x[0]) { ($0 + costly).tanh() }]
      }, on: types)
    #expect(found.instructions.map(\.operation.name) == ["matmul", "checkpoint"])
  }

  @Test("a gradient rule may use what it sees outside of itself", arguments: TestExecutor.allCases)
  func customGradients(on executor: TestExecutor) throws {
    func slope(_ x: Tensor) -> Tensor {
      let inner = x.sin() * 3
      return withCustomGradient([inner]) {
        [$0[0].rounded()]
      } pullback: { dy in
        [dy[0] * inner * x]
      }[0]
    }
    try executor.run {
      let x = Tensor([0.3, -0.8, 1.5])
      let plain = gradient(at: x) { slope($0).sum() }
      let again = gradient(at: x) { checkpointed($0, of: slope).sum() }
      let twice = gradient(at: x) { checkpointed($0) { checkpointed($0, of: slope) }.sum() }
      try expectSameBits([again, twice], [plain, plain])
    }
  }

  @Test("mistakes inside are those of the function")
  func refusals() {
    let x = standIn(.float32, [2, 3])
    expectRefusal(
      checkpointed(x) { matmul($0, $0, file: "App/M.swift", line: 4) },
      """
      matmul: inner dimensions differ: a has 3, b has 2
        a: f32[2, 3]
        b: f32[2, 3]
        called at App/M.swift:4
      """)
    var bad = BadInput()
    for operand in BadInput.operands {
      bad.call("checkpointed", [operand], named: false) { x in
        [checkpointed(x[0]) { $0.tanh().sum(axes: [1]) }]
      }
      bad.call("checkpointed identity", [operand], named: false) { checkpointed($0) { $0 } }
      bad.call("checkpointed nothing", [operand], named: false) { x in
        checkpointed(x) { _ in [] } + x.filter { $0.error != nil }
      }
    }
    #expect(bad.refusals > 10)
    print("bad input: checkpointing: \(bad.calls) calls, \(bad.refusals) refused")
  }
}
