import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("products and convolutions on XLA", .needsPlugin) struct ConvolutionLoweringTests {
  /// Shapes of operand and weight, and how windows slide.
  struct Example: Sendable, CustomStringConvertible {
    let x: [Int]
    let weight: [Int]
    var stride = [1]
    var padding = Padding.valid
    var dilation = [1]
    var groups = 1
    var description: String { "\(x) \(weight) \(stride) \(padding) \(dilation) \(groups)" }
  }

  static let examples: [Example] = [
    Example(x: [2, 9, 3], weight: [4, 3, 3]),
    Example(
      x: [2, 11, 4], weight: [6, 2, 3], stride: [2], padding: .explicit([(1, 2)]), dilation: [2],
      groups: 2),
    Example(x: [2, 6, 5, 3], weight: [4, 3, 3, 2], padding: .same),
    // Strides that leave a rest, and padding wider than the window.
    Example(
      x: [2, 8, 7, 4], weight: [6, 4, 3, 2], stride: [3, 2], padding: .explicit([(2, 0), (1, 1)])),
    Example(x: [1, 5, 5, 2], weight: [3, 2, 2, 2], padding: .symmetric(3)),
    Example(
      x: [2, 9, 8, 6], weight: [6, 2, 2, 3], stride: [2, 1], padding: .same, dilation: [2, 3],
      groups: 3),
    // Depthwise, with one and with two results for each channel.
    Example(x: [2, 7, 7, 5], weight: [5, 1, 3, 3], padding: .same, groups: 5),
    Example(
      x: [2, 7, 7, 4], weight: [8, 1, 3, 3], stride: [2], padding: .symmetric(1), groups: 4),
    Example(
      x: [2, 5, 4, 5, 4], weight: [6, 2, 2, 3, 2], stride: [2, 1, 2],
      padding: .explicit([(1, 0), (1, 1), (0, 1)]), dilation: [1, 1, 2], groups: 2),
    Example(x: [1, 1, 1, 3], weight: [2, 3, 1, 1], stride: [4]),
    Example(x: [0, 4, 4, 2], weight: [3, 2, 2, 2]),
  ]

  /// The convolution, both gradients, and the gradients of their products with something.
  private func results(_ example: Example, _ operands: [Tensor]) -> [Tensor] {
    func y(_ x: Tensor, _ w: Tensor) -> Tensor {
      convolution(
        x, w, stride: example.stride, padding: example.padding, dilation: example.dilation,
        groups: example.groups)
    }
    let first = gradients(at: operands) { y($0[0], $0[1]).square().sum() }
    let second = gradients(at: operands) { points in
      let slopes = gradients(at: points) { y($0[0], $0[1]).square().sum() }
      return (slopes[0] * points[0]).sum() + (slopes[1] * points[1]).sum()
    }
    return [y(operands[0], operands[1])] + first + second
  }

  @Test(
    "a convolution and its gradients agree with the CPU executor", arguments: examples,
    [DType.float64, .float32])
  func agree(example: Example, dtype: DType) throws {
    let operands = [
      randomNumbers(example.x, dtype, seed: 1), randomNumbers(example.weight, dtype, seed: 2),
    ]
    try expectParity(operands, within: dtype.parityTolerance, "\(example)") {
      results(example, $0)
    }
  }

  @Test("a transposed convolution agrees, with every size that a stride leaves open")
  func transposed() throws {
    let operands = [randomNumbers([2, 4, 5, 6], seed: 3), randomNumbers([6, 2, 3, 2], seed: 4)]
    for extra in 0..<3 {
      try expectParity(operands, within: 1e-12, "outputPadding \(extra)") { operands in
        func y(_ x: [Tensor]) -> Tensor {
          transposedConvolution(
            x[0], x[1], stride: [3], padding: .explicit([(1, 0), (2, 3)]), outputPadding: [extra],
            dilation: [2, 1], groups: 2)
        }
        return [y(operands)] + gradients(at: operands) { y($0).square().sum() }
      }
    }
  }

  @Test("16-bit numbers are added up in 32 bits", arguments: [DType.bfloat16, .float16])
  func halves(dtype: DType) throws {
    let operands = [
      randomNumbers([2, 6, 6, 512], dtype, seed: 5) + 1,
      randomNumbers([3, 512, 3, 3], dtype, seed: 6) * 0.01 + 0.002,
    ]
    try expectParity(operands, within: dtype.parityTolerance) { operands in
      func y(_ x: [Tensor]) -> Tensor { convolution(x[0], x[1], padding: .same) }
      return [y(operands)] + gradients(at: operands) { y($0).mean() }
    }
    let many = [
      randomNumbers([3, 4000], dtype, seed: 7) + 1, randomNumbers([4000, 2], dtype, seed: 8) + 1,
    ]
    try expectParity(many, within: dtype.parityTolerance) { [matmul($0[0], $0[1])] }
  }

  @Test(
    "batch axes of a product broadcast",
    arguments: [
      ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([2, 3], [5, 3, 4]), ([5, 2, 3], [5, 3, 4]),
      ([1, 2, 3], [5, 3, 4]), ([6, 1, 2, 3], [5, 3, 4]), ([6, 5, 2, 3], [6, 1, 3, 4]),
      ([1, 5, 1, 2, 3], [6, 1, 7, 3, 4]), ([1, 1, 2, 3], [1, 3, 4]), ([2, 0], [0, 3]),
      ([0, 2, 3], [1, 3, 4]), ([4, 2, 0], [1, 0, 3]),
    ])
  func products(a: [Int], b: [Int]) throws {
    try expectParity([randomNumbers(a, seed: 9), randomNumbers(b, seed: 10)], within: 1e-13) {
      [apply(MatMul(), $0)] + gradients(at: $0) { apply(MatMul(), $0).square().sum() }
    }
  }

  @Test("products of integers wrap around", arguments: [DType.int32, .int64, .uint8])
  func integers(dtype: DType) throws {
    try expectAgreement {
      let large: [Int64] = [1 << 40, (1 << 62) + 3, -(1 << 31) - 7, 255, 1 << 20, -9]
      let x = Tensor(large, shape: [2, 3]).converted(to: dtype)
      return [matmul(x, x.transposed(permutation: [1, 0]))]
    }
  }
}
