import ApusCore
import ApusTestSupport
import Testing

@Suite("executors agree for every dtype and for sizes that are split") struct ParityTests {
  @Test("on indexing and sorting", arguments: DType.allCases, [[9, 8], [64, 70, 2]])
  func agree(dtype: DType, dims: [Int]) throws {
    let expected = try TestExecutor.reference.run {
      try indexingResults(Shape(dims), dtype).map { try $0.scalars(as: Double.self) }
    }
    let actual = indexingResults(Shape(dims), dtype)
    try TestExecutor.cpu.run {
      for (index, (result, values)) in zip(actual, expected).enumerated() {
        try expectClose(result, values, absolute: 0, relative: 0, "result \(index)")
      }
    }
  }

  @Test("a compiled loop draws a fresh key each step and runs as one plan")
  func compiled() throws {
    try TestExecutor.cpu.run {
      let step = compile { arguments in
        let loop = scan(initial: [Tensor.zeros([2]), arguments[0]], length: 3) { carry, _ in
          let key = RandomKey(carry[1])
          let noise = Tensor.normal([2], key: key)
          return ([carry[0] + noise, key.folding(in: 1).tensor], [noise])
        }
        return [loop.carry[0], loop.y[0]]
      }
      let results = try step(RandomKey(seed: 11).tensor)
      let noise = try results[1].scalars(as: Double.self)
      let total = [noise[0] + noise[2] + noise[4], noise[1] + noise[3] + noise[5]]
      try expectClose(results[0], total, absolute: 1e-6)
      #expect(Set(noise).count == 6)
      _ = try step(RandomKey(seed: 12).tensor)
      #expect(step.traceCount == 1)
    }
  }
}
