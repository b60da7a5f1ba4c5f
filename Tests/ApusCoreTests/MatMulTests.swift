import ApusCore
import ApusTestSupport
import Testing

@Suite("matmul") struct MatMulTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("linear", op: "matmul") {
      try checkGolden(golden) { [matmul($0[0], $0[1])] }
    }
    for golden in try goldens("linear", op: "dot") {
      try checkGolden(golden) { [dot($0[0], $0[1])] }
    }
    for golden in try goldens("linear", op: "outer") {
      try checkGolden(golden) { [outer($0[0], $0[1])] }
    }
  }

  @Test(
    "gradient agrees with central differences at both orders",
    arguments: [
      [[3, 4], [4, 2]], [[4], [4, 2]], [[3, 4], [4]], [[2, 3, 4], [4, 5]], [[3, 4], [2, 4, 5]],
      [[2, 1, 3, 4], [3, 4, 2]], [[4], [4]],
    ])
  func gradient(_ shapes: [[Int]]) throws {
    try expectGradient(of: shapes, seed: 7) { matmul($0[0], $0[1]) }
  }

  /// A random matrix, exact in float32, and its elements.
  private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> (Tensor, [Double]) {
    var random = SplitMix(state: seed)
    let values = (0..<rows * columns).map { _ in
      Double(Float.random(in: -1..<1, using: &random))
    }
    return (Tensor(values, shape: [rows, columns]), values)
  }

  @Test("transposed, strided and reversed operands give what their copies give")
  func views() throws {
    let (a, x) = matrix(4, 6, seed: 1)
    let (b, w) = matrix(10, 6, seed: 2)
    var expected: [Double] = []
    for row in [2, 3, 0, 1] {
      for column in 0..<5 {
        expected.append(
          (0..<6).reduce(0) { $0 + x[row * 6 + $1] * w[(1 + 2 * column) * 6 + 5 - $1] })
      }
    }
    try onExecutors {
      let strided = b.sliced(axis: 0, 1..<10, stride: 2).flipped(axes: [1])
      let batched = matmul(
        a.reshaped(to: [2, 2, 6]).flipped(axes: [0]), strided.matrixTransposed())
      try expectClose(batched, expected, shape: [2, 2, 5])
      try expectClose(
        matmul(strided, a.matrixTransposed()).sum(),
        [expected.reduce(0, +)], shape: [], absolute: 1e-12)
    }
  }

  @Test("integers wrap around; empty sums are zero")
  func integers() throws {
    let (a, b) = (Tensor([Int32.max, 1], shape: [1, 2]), Tensor([Int32(2), 1], shape: [2, 1]))
    let bytes = Tensor([UInt8(200)], shape: [1, 1])
    try onExecutors {
      try expectClose(matmul(a, b), [-1])
      try expectClose(
        matmul(a.converted(to: .int64), b.converted(to: .int64)), [4_294_967_295])
      try expectClose(matmul(bytes, bytes), [64])
      let none = matmul(Tensor.zeros([2, 0]), Tensor.zeros([0, 3]))
      try expectClose(none, [0, 0, 0, 0, 0, 0])
      try expectClose(matmul(Tensor.zeros([0, 2]), Tensor.zeros([2, 3])), [])
    }
  }

  @Test(
    "products of every size class agree with sums in float64",
    arguments: [
      (1, 5, 7), (7, 1, 5), (3, 300, 5), (64, 64, 64), (33, 70, 129), (1, 257, 300), (200, 3, 1),
    ])
  func sizes(_ m: Int, _ k: Int, _ n: Int) throws {
    let (a, x) = matrix(m, k, seed: 3)
    let (b, w) = matrix(k, n, seed: 4)
    var expected: [Double] = []
    for row in 0..<m {
      for column in 0..<n {
        expected.append((0..<k).reduce(0) { $0 + x[row * k + $1] * w[$1 * n + column] })
      }
    }
    try TestExecutor.cpu.run {
      try expectClose(matmul(a, b), expected, shape: [m, n], absolute: 1e-12)
      let single = matmul(a.converted(to: .float32), b.converted(to: .float32))
      try expectClose(single, expected, absolute: 1e-6 * Double(k), relative: 1e-5)
    }
  }

  @Test("a refusal names both inner dimensions, both operands and the caller")
  func refusals() {
    expectRefusal(
      matmul(
        standIn(.float32, [2, 3]), standIn(.float32, [4, 5]), file: "App/Model.swift", line: 20),
      """
      matmul: inner dimensions differ: a has 3, b has 4
        a: f32[2, 3]
        b: f32[4, 5]
        called at App/Model.swift:20
      """)
    #expect(
      matmul(standIn(.float32, [2, 3]), standIn(.float64, [3, 5])).error?.reason
        == "dtypes differ: a is f32, b is f64")
    #expect(
      matmul(standIn(.float32, []), standIn(.float32, [3])).error?.reason
        == "needs rank 1 or more: a has 0, b has 1")
    #expect(
      matmul(standIn(.bool, [2, 2]), standIn(.bool, [2, 2])).error?.reason
        == "needs a numeric dtype, not bool")
    #expect(
      matmul(standIn(.float32, [2, 3, 4]), standIn(.float32, [5, 4, 6])).error?.reason
        == "shapes do not broadcast: [2] and [5] differ at axis -1")
    #expect(
      dot(standIn(.float32, [2]), standIn(.float32, [3])).error?.reason
        == "lengths differ: a has 2, b has 3")
    #expect(
      outer(standIn(.float32, [2, 1]), standIn(.float32, [3])).error?.reason
        == "needs vectors: a has rank 2, b 1")
  }
}
