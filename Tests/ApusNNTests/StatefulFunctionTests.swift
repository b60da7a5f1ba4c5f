import ApusCPU
import ApusNN
import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("stateful functions") struct StatefulFunctionTests {
  private func counter() throws -> StatefulFunction {
    try StatefulFunction(state: [Tensor([1, 2] as [Float])]) { state, inputs in
      let next = state[0] + inputs[0]
      return ([next], [state[0] * next])
    }
  }

  @Test("state moves on from call to call; values read before stay")
  func moves() throws {
    try TestExecutor.cpu.run {
      let function = try counter()
      let first = function.state[0]
      #expect(try function([Tensor([10, 20] as [Float])])[0].scalars() == [11, 44])
      let second = function.state[0]
      #expect(try function([Tensor([1, 1] as [Float])])[0].scalars() == [11 * 12, 22 * 23])
      #expect(try first.scalars() == [1, 2])
      #expect(try second.scalars() == [11, 22])
      #expect(try function.state[0].scalars() == [12, 23])
      try function.reset(to: [first])
      #expect(try function([Tensor([10, 20] as [Float])])[0].scalars() == [11, 44])
      #expect(try first.scalars() == [1, 2])
      #expect(function.traceCount == 1)
    }
  }

  @Test("functions that captured the state keep it, and a new one sees the new")
  func captured() throws {
    try TestExecutor.cpu.run {
      let weights = try StatefulFunction(state: [Tensor.ones([16, 16])]) { state, inputs in
        ([state[0] + inputs[0]], [])
      }
      func reader() -> CompiledFunction {
        let w = weights.state[0]
        return compile { [matmul($0[0], w.matrixTransposed() * 2)] }
      }
      let x = Tensor.ones([32, 16])
      let first = reader()
      for step in 1...3 {
        #expect(try first(x)[0].scalars()[0] == 32)
        _ = try weights([Tensor.ones([16, 16])])
        // The same plan, since only what it captured differs.
        let next = reader()
        #expect(try next(x)[0].scalars()[0] == Float(32 * (step + 1)))
      }
    }
  }

  @Test("cached decoding gives the compiled step's bits, its caches in place")
  func decoding() throws {
    try TestExecutor.cpu.run {
      let gpt = GPTDecoder(
        TransformerOptions(width: 16, heads: 2, hidden: 32), vocabulary: 20, positions: 8,
        layers: 2)
      let start = gpt.caches(batch: 1, capacity: 8).flatMap(\.tensors)
      let step: @Sendable ([Tensor], [Tensor]) -> (state: [Tensor], results: [Tensor]) = {
        var caches = KeyValueCache.list(of: $0)
        let logits = gpt.step($1[0], caches: &caches)
        return (caches.flatMap(\.tensors), [logits])
      }
      let inPlace = try StatefulFunction(state: start, step)
      let copying = compile { tensors in
        let (state, results) = step(Array(tensors.dropFirst()), [tensors[0]])
        return results + state
      }
      var state = start
      for token in [3, 7, 0, 19, 4] as [Int64] {
        let token = Tensor([token], shape: [1, 1])
        let expected = try copying([token] + state)
        state = Array(expected.dropFirst())
        let actual = try inPlace([token])
        try expectSameBits(actual, [expected[0]])
      }
      try expectSameBits(inPlace.state, state)
    }
  }

  @Test("mistakes are errors")
  func refusals() throws {
    try TestExecutor.cpu.run {
      let function = try counter()
      #expect(throws: TensorError.self) { try function([Tensor([1, 2, 3] as [Float])]) }
      #expect(throws: TensorError.self) { try function.reset(to: []) }
      #expect(throws: TensorError.self) { try function.reset(to: [Tensor([1] as [Double])]) }
      let growing = try StatefulFunction(state: [Tensor([1] as [Float])]) { state, _ in
        ([concatenated([state[0], state[0]], axis: 0)], [])
      }
      let error = #expect(throws: TensorError.self) { try growing([]) }
      #expect(error?.operation == "StatefulFunction")
      #expect(KeyValueCache.list(of: [Tensor(1)]).isEmpty)
      #expect(try function([Tensor([10, 20] as [Float])])[0].scalars() == [11, 44])
    }
  }
}
