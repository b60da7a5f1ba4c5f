import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

/// Results larger than the caches go past them; those of a part of the rows do not.
@Suite("tensors larger than the caches") struct LargeTensorTests {
  /// 68 MB: larger than any cache that counts.
  static let shapes: [[Int]] = [[17000, 1024], [17011, 1001]]

  private func numbers(_ shape: [Int], _ seed: Int) throws -> Tensor {
    let x = Tensor.uniform(Shape(shape), in: -3..<3, key: RandomKey(seed: seed))
    try eval(x)
    return x
  }

  /// Runs a function on all rows, and on some: the bits must be the same.
  private func compare(
    _ inputs: [Tensor], _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) throws {
    let rows = inputs[0].shape[0]
    let whole = try compile { [function($0)] }(inputs)[0]
    for range in [0..<7, rows / 2..<rows / 2 + 100, rows - 33..<rows] {
      let parts = inputs.map { $0.rank == 2 ? $0.sliced(axis: 0, range) : $0 }
      let part = try function(parts).bytes()
      #expect(try whole.sliced(axis: 0, range).bytes() == part)
    }
  }

  @Test("elementwise chains of one and of several operands", arguments: shapes)
  func elementwise(shape: [Int]) throws {
    let x = try numbers(shape, 1)
    let y = try numbers(shape, 2)
    try compare([x, y]) { ($0[0] * 1.5 + 0.25).gelu() * $0[1] }
    try compare([x]) { $0[0].converted(to: .bfloat16) }
    try compare([x, y]) { maximum($0[0], $0[1]).floor() }
  }

  @Test("softmax and its gradient", arguments: shapes)
  func softmax(shape: [Int]) throws {
    let x = try numbers(shape, 3)
    let dy = try numbers(shape, 4)
    try compare([x]) { $0[0].softmax() }
    try compare([x]) { $0[0].logSoftmax() }
    try compare([x, dy]) { x in gradients(at: [x[0]]) { ($0[0].softmax() * x[1]).sum() }[0] }
  }

  @Test("layer norm and its gradient", arguments: shapes)
  func layerNorm(shape: [Int]) throws {
    let inputs = [
      try numbers(shape, 5), try numbers([shape[1]], 6), try numbers([shape[1]], 7),
      try numbers(shape, 8),
    ]
    try compare(inputs) { $0[0].layerNormalized(gamma: $0[1], beta: $0[2]) }
    try compare(inputs) { x in
      gradients(at: [x[0]]) {
        ($0[0].layerNormalized(gamma: x[1], beta: x[2]) * x[3]).sum()
      }[0]
    }
  }

  @Test("an update in place, and results that alternate between kept blocks of memory")
  func inPlace() throws {
    let count = 17_000_003
    var x = Tensor.ones([count])
    let step = compile { [$0[0] * 2 - 0.5] }
    var expected: Float = 1
    for _ in 0..<4 {
      x = try step(x)[0]
      expected = expected * 2 - 0.5
      #expect(
        try x.sliced(axis: 0, count - 5..<count).scalars(as: Float.self)
          == Array(repeating: expected, count: 5))
      #expect(try (x.max() - x.min()).scalar() == 0)
    }
  }
}
