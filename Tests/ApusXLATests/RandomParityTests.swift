import ApusCore
import ApusTestSupport
import Testing

@Suite("random numbers on XLA", .needsPlugin) struct RandomParityTests {
  private func keys() -> [RandomKey] {
    [
      RandomKey(seed: 7), RandomKey(Tensor([Int64.min + 5, -9])),
      RandomKey(seed: -1).folding(in: 3).folding(in: -4),
      RandomKey(seed: 2).folding(in: Tensor([Int32(11)])),
    ]
  }

  @Test("are those of the CPU executor, bit for bit", arguments: [1, 2, 3, 5, 1000])
  func bits(count: Int) throws {
    func draws() -> [Tensor] {
      keys().flatMap { key in
        [
          key.tensor, apply(RandomBits(type: TensorType(.int32, [count])), [key.tensor]),
          apply(RandomBits(type: TensorType(.int64, [count, 1])), [key.tensor]),
          Tensor.uniform([count], key: key), Tensor.uniform([1, count], dtype: .float64, key: key),
          Tensor.randomIntegers([count], in: -5..<1000, key: key),
          Tensor.bernoulli(0.3, shape: [count], key: key), Tensor.permutation(count, key: key),
        ]
      }
    }
    let (expected, actual) = (draws(), draws())
    try TestExecutor.cpu.run { try eval(expected) }
    try XLATestDevice.run { try eval(actual) }
    for (index, (mine, reference)) in zip(actual, expected).enumerated() {
      try expectSameBits([mine], [reference], "draw \(index)")
    }
  }

  @Test("what is computed from them agrees closely")
  func distributions() throws {
    func draws() -> [Tensor] {
      let key = RandomKey(seed: 3)
      return [
        Tensor.normal([500], key: key), Tensor.uniform([500], in: -2..<3, key: key),
        Tensor.normal([500], dtype: .float64, key: key),
      ]
    }
    let (expected, actual) = (draws(), draws())
    try TestExecutor.cpu.run { try eval(expected) }
    try XLATestDevice.run { try eval(actual) }
    for (mine, reference) in zip(actual, expected) {
      try expectClose(
        mine, try reference.scalars(as: Double.self), absolute: 2e-6, relative: 2e-6)
    }
  }
}
