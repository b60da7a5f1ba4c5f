import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("pooling on XLA", .needsPlugin) struct PoolingLoweringTests {
  /// An operand's shape and the windows over it.
  struct Example: Sendable, CustomStringConvertible {
    let dims: [Int]
    let windows: SlidingWindow
    var description: String { "\(dims) \(windows)" }

    init(
      _ dims: [Int], _ window: [Int], stride: [Int]? = nil, dilation: [Int] = [1],
      padding: Padding = .valid, roundsUp: Bool = false
    ) {
      self.dims = dims
      do {
        windows = try SlidingWindow(
          pooling: TensorType(.float64, dims), window: window, stride: stride, dilation: dilation,
          padding: padding, roundsUp: roundsUp)
      } catch { preconditionFailure("\(error)") }
    }

    init(_ dims: [Int], bins: [Int]) {
      self.dims = dims
      do { windows = try SlidingWindow(pooling: TensorType(.float64, dims), to: bins) } catch {
        preconditionFailure("\(error)")
      }
    }
  }

  static let examples: [Example] = [
    Example([2, 6, 3], [2]), Example([2, 4, 6, 3], [2]),
    Example([2, 7, 6, 3], [3, 2], stride: [1]),
    Example([2, 7, 8, 2], [3], stride: [2], padding: .symmetric(1)),
    Example([2, 7, 6, 2], [2, 3], stride: [3, 4]),
    Example([1, 9, 9, 2], [2, 3], stride: [2, 1], dilation: [3, 2], padding: .symmetric(2)),
    Example([2, 6, 8, 2], [3], stride: [2], padding: .explicit([(1, 0), (0, 2)]), roundsUp: true),
    Example(
      [2, 5, 4, 5, 2], [2, 1, 3], stride: [2, 1, 1], padding: .explicit([(1, 1), (0, 0), (0, 1)])),
    // A window that lies between the only two elements.
    Example([1, 2, 2], [2], stride: [1], dilation: [3], padding: .symmetric(2)),
    // More windows over an element than are looked at one by one.
    Example([1, 12, 13, 2], [9], stride: [1]),
    Example([2, 6, 8, 3], bins: [3, 2]), Example([2, 7, 5, 3], bins: [3, 2]),
    Example([2, 3, 7, 2], bins: [5, 7]), Example([1, 5, 3], bins: [1]),
  ]

  /// Whole numbers with ties, among them NaN, infinities and zeros of both signs.
  private static func numbers(_ dims: [Int], _ dtype: DType) -> Tensor {
    var random = SplitMix(state: 4)
    let special: [Double] = [.nan, .infinity, -.infinity, -.infinity, -0.0, 0, 5]
    let values = (0..<dims.reduce(1, *)).map { _ in
      let number = Int.random(in: -12..<12, using: &random)
      return number < -5 ? special[number + 12] : Double(number)
    }
    return Tensor(values, shape: Shape(dims), dtype: dtype)
  }

  @Test(
    "of maxima agrees exactly, NaN and ties included", arguments: examples,
    [DType.float64, .bfloat16])
  func maximum(example: Example, dtype: DType) throws {
    try expectAgreement {
      let windows = example.windows
      let x = Self.numbers(example.dims, dtype)
      let lowest = Tensor(repeating: -.infinity, shape: x.shape, dtype: dtype)
      let v = wholeNumbers(x.shape, dtype, seed: 2)
      return [x, lowest].flatMap { x in
        let y = apply(MaxPool(windows), [x])
        let dy = wholeNumbers(y.shape, dtype, seed: 3)
        return [
          y, apply(MaxPoolIndices(windows), [x]), apply(MaxPoolGather(windows), [x, v]),
          apply(MaxPoolGradient(windows), [x, dy]),
        ]
      }
    }
  }

  @Test(
    "of means agrees, with and without padding", arguments: examples,
    [DType.float64, .bfloat16])
  func mean(example: Example, dtype: DType) throws {
    for countsPadding in [false, true] {
      let pool = AveragePool(example.windows, countsPadding: countsPadding)
      let back = AveragePoolGradient(
        example.windows, countsPadding: countsPadding, input: Shape(example.dims))
      let x = randomNumbers(example.dims, dtype, seed: 1)
      let dy = randomNumbers(apply(pool, [x]).shape.dims, dtype, seed: 2)
      try expectParity([x, dy], within: dtype.parityTolerance, against: .reference, "\(example)") {
        [apply(pool, [$0[0]]), apply(back, [$0[1]])]
      }
    }
  }

  @Test("places are drawn as the reference draws them", arguments: examples)
  func drawn(example: Example) throws {
    try expectAgreement {
      let x = wholeNumbers(Shape(example.dims), .float64, seed: 5) - 3
      let y = apply(MaxPool(example.windows), [x])
      return [0, 0.25, 0.5, 0.999, 1].map { share in
        apply(StochasticPoolIndices(example.windows), [x, Tensor(share, like: y)])
      } + [
        apply(
          StochasticPoolIndices(example.windows),
          [x, wholeNumbers(y.shape, .float64, seed: 6) * 0.125])
      ]
    }
  }

  @Test(
    "windows are laid side by side and added up again",
    arguments: [DType.float64, .float32, .bfloat16])
  func unfolded(dtype: DType) throws {
    let windows: [([Int], [Int], [Int], [Int])] = [
      ([2, 7, 2], [3], [2], [2]), ([2, 6, 5, 3], [2, 3], [1, 2], [2, 1]),
      ([1, 5, 4, 4, 2], [2, 2, 3], [3, 1, 1], [1, 2, 1]), ([1, 90, 1], [40], [10], [1]),
    ]
    for (dims, window, stride, dilation) in windows {
      try expectAgreement {
        let x = wholeNumbers(Shape(dims), dtype, seed: 7)
        let y = x.unfolded(
          window: window, stride: stride, padding: .symmetric(1), dilation: dilation)
        let back = wholeNumbers(y.shape, dtype, seed: 8).folded(
          to: Array(dims.dropFirst().dropLast()), window: window, stride: stride,
          padding: .symmetric(1), dilation: dilation)
        return [y, back]
      }
    }
  }

  @Test("windows of truth values and integers are views of the same elements")
  func unfoldedIntegers() throws {
    let windows = Example([2, 4, 5, 2], [2], stride: [1, 3]).windows
    try expectAgreement {
      let x = wholeNumbers([2, 4, 5, 2], .int64, seed: 9)
      return [x, x .> 3, x.converted(to: .uint8)].map { apply(UnfoldWindows(windows), [$0]) }
    }
  }
}
