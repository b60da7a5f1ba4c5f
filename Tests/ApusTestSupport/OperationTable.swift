import ApusCore

/// One row per operation: a call that uses it, and how it is differentiated.
///
/// Calls follow the dtype of their operands, which is floating.
package struct OperationExample: CustomStringConvertible, Sendable {
  package enum Gradient: Sendable {
    /// Checked against central differences, orders 1 and 2, at points of this range.
    case checked(Range<Double>)
    /// No gradient flows, by definition.
    case none
  }

  /// The type of the operation, or the name of an elementwise row.
  package let name: String
  package let shapes: [[Int]]
  package let gradient: Gradient
  package let call: @Sendable ([Tensor]) -> Tensor

  package var description: String { name }

  /// Where operands are drawn from: the function is defined there.
  package var range: Range<Double> {
    if case .checked(let range) = gradient { range } else { -1..<1 }
  }

  init(
    _ name: String, _ shapes: [[Int]], _ gradient: Gradient = .checked(-1..<1),
    _ call: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    self.gradient = gradient
    self.call = call
  }
}

extension OperationExample {
  package static let all =
    structural + indexing + windows + overlapping + composites + attention + recurrent + unary
    + binary

  private static let labels = Tensor([2, 0, 1] as [Int32])
  private static let places = Tensor([1, 0, 2, 2] as [Int32])
  private static let grid = Tensor([2, 0, 1, 1, 0, 2] as [Int32], shape: [2, 3])
  private static let key = RandomKey(seed: 11)
  private static let letters = Tensor([1, 1, 2, 3, 2, 0] as [Int32], shape: [3, 2])
  private static let steps = Tensor([5, 4, 3] as [Int32])
  private static let lengths = Tensor([2, 2, 1] as [Int32])

  private static let structural: [OperationExample] = [
    .init("Constant", [[2, 3]]) {
      $0[0] * Tensor(repeating: 3, shape: [2, 3], dtype: $0[0].dtype)
    },
    .init("Iota", [[2, 3]]) { $0[0] * Tensor.iota([2, 3], axis: 1, dtype: $0[0].dtype) },
    .init("Convert", [[2, 3]], .none) { $0[0].converted(to: .int32).converted(to: $0[0].dtype) },
    .init("Select", [[2, 3], [2, 3]]) {
      $0[0].where(.!(Tensor.iota([2, 3], axis: 0) .> 0), else: $0[1])
    },
    .init("StopGradient", [[2, 3]], .none) { $0[0].stoppingGradient() },
    .init("CustomGradient", [[2, 3]]) { x in
      withCustomGradient(x) {
        [$0[0] * 2]
      } pullback: {
        [$0[0] * 2]
      }[0]
    },
    .init("Checkpoint", [[2, 3], [3, 2]]) { x in
      checkpointed([x[0]]) { [matmul($0[0].tanh(), x[1]).exp()] }[0]
    },
    .init("RecomputeBarrier", [[2, 3], [2, 3]]) {
      apply(RecomputeBarrier(valueCount: 1), $0).square() * $0[1]
    },
    .init("Reshape", [[2, 3]]) { $0[0].reshaped(to: [3, 2]).square() },
    .init("Broadcast", [[2, 1]]) { $0[0].broadcast(to: [3, 2, 4]).square() },
    .init("Transpose", [[2, 3, 4]]) { $0[0].transposed(permutation: [2, 0, 1]).square() },
    .init("Slice", [[4, 5]]) { $0[0].sliced(axis: 1, 1..<5, stride: 2).square() },
    .init("Pad", [[2, 3]]) { $0[0].padded(low: [1, 0], high: [0, 2], value: 0.5).square() },
    .init("Reverse", [[2, 3]]) { $0[0].flipped(axes: [1]).square() },
    .init("Concatenate", [[2, 3], [2, 2]]) { concatenated($0, axis: 1).square() },
    .init("Reduce", [[2, 3]], .checked(0.5..<1.5)) {
      $0[0].product(axes: [1]) + $0[0].max(axes: [1]) * $0[0].sum(axes: [1])
    },
    .init("ArgReduce", [[2, 3]], .none) { $0[0].argmax(axis: 1).converted(to: $0[0].dtype) },
    .init("CumulativeSum", [[2, 3]]) { $0[0].cumulativeSum(axis: 1).square() },
    .init("MatMul", [[2, 2, 3], [3, 4]]) { matmul($0[0], $0[1]) },
    .init("Scan", [[2], [3, 2]]) { x in
      let result = scan(initial: [x[0]], over: [x[1]]) { c, x in
        let next = (c[0] * x[0] + x[0]).tanh()
        return ([next], [next * 2])
      }
      return result.carry[0].sum() + result.y[0].square().sum()
    },
  ]

  private static let indexing: [OperationExample] = [
    .init("Gather", [[3, 2]]) { $0[0].gathered(places, axis: 0).square() },
    .init("ScatterAdd", [[3, 2], [4, 2]]) { $0[0].scatteringAdd($0[1], at: places).square() },
    .init("GatherElements", [[2, 3]]) { $0[0].gatheredElements(grid, axis: 1).square() },
    .init("GatherElements", [[2, 3]]) {
      $0[0].picking(labels: Tensor([2, 0] as [Int64])).square()
    },
    .init("ScatterAddElements", [[2, 3], [2, 3]]) {
      $0[0].scatteringAddElements($0[1], at: grid, axis: 1).square()
    },
    .init("OneHot", [[3, 4]]) { $0[0] * labels.oneHot(depth: 4, dtype: $0[0].dtype) },
    .init("Sort", [[2, 4]]) {
      $0[0].sorted(axis: 1) * Tensor.iota([2, 4], axis: 1, dtype: $0[0].dtype)
    },
    .init("TopK", [[2, 4]]) { $0[0].topK(2).values.square() },
    .init("RandomBits", [[2]], .none) { x in
      Tensor.randomIntegers([2], in: 0..<100, key: key).converted(to: x[0].dtype) + x[0] * 0
    },
    .init("RandomUniform", [[2]]) {
      $0[0] * Tensor.uniform([2], in: 0..<1, dtype: $0[0].dtype, key: key)
    },
    .init("FoldIn", [[2]]) {
      $0[0] * Tensor.uniform([2], in: 0..<1, dtype: $0[0].dtype, key: key.folding(in: 3))
    },
  ]

  private static let windows: [OperationExample] = [
    .init("Convolution", [[1, 4, 4, 2], [2, 2, 3, 3]]) {
      convolution($0[0], $0[1], padding: .same)
    },
    .init("ConvolutionInputGradient", [[1, 3, 3, 2], [2, 2, 2, 2]]) {
      transposedConvolution($0[0], $0[1])
    },
    .init("ConvolutionWeightGradient", [[1, 4, 4, 2], [2, 2, 3, 3]]) { x in
      ApusCore.gradient(at: x[1]) { convolution(x[0], $0).square().sum() }
    },
    .init("MaxPool", [[1, 4, 4, 2]]) { $0[0].maxPooled(window: [2]).square() },
    .init("MaxPoolGradient", [[1, 4, 4, 2]]) { x in
      ApusCore.gradient(at: x[0]) { $0.maxPooled(window: [2]).square().sum() }
    },
    .init("MaxPoolGather", [[1, 4, 4, 2]]) { x in
      ApusCore.gradient(at: x[0]) {
        ApusCore.gradient(at: $0) { $0.maxPooled(window: [2]).square().sum() }.square().sum()
      }
    },
    .init("AveragePool", [[1, 4, 4, 2]]) { $0[0].averagePooled(window: [2]).square() },
    .init("AveragePoolGradient", [[1, 4, 4, 2]]) { x in
      ApusCore.gradient(at: x[0]) { $0.averagePooled(window: [2]).square().sum() }
    },
  ]

  /// Overlapping windows, so that elements are added up.
  private static let overlapping: [OperationExample] = [
    .init("MaxPoolIndices", [[1, 4, 5, 2]], .none) {
      $0[0].maxPooledWithIndices(window: [2, 3], stride: [1]).indices.converted(
        to: $0[0].dtype)
    },
    .init("StochasticPoolIndices", [[1, 5, 4, 2]], .none) { x in
      let u = Tensor.uniform([1, 2, 2, 2], dtype: x[0].dtype, key: key)
      guard
        let windows = try? SlidingWindow(
          window: [3, 2], stride: [3, 2], dilation: [1], padding: .explicit([(1, 0), (0, 0)]),
          over: [5, 4])
      else { return u }
      return apply(StochasticPoolIndices(windows), [x[0], u]).converted(to: x[0].dtype)
    },
    .init("UnfoldWindows", [[2, 5, 4, 2]]) {
      $0[0].unfolded(window: [3, 2], stride: [2, 1], padding: .symmetric(1)).square()
    },
    .init("FoldWindows", [[2, 9, 8]]) {
      $0[0].folded(to: [4, 4], window: [2]).square()
    },
    .init("Resample", [[1, 3, 4, 2]]) {
      $0[0].upsampled(by: [1.5, 2], .linear()).square()
    },
    .init("ResampleTranspose", [[1, 3, 4, 2]]) { x in
      ApusCore.gradient(at: x[0]) {
        $0.padded(low: [0, 2, 1, 0], high: [0, 1, 2, 0], mode: .reflect).square().sum()
      }
    },
  ]

  private static let composites: [OperationExample] = [
    .init("ErfInverse", [[2, 3]], .checked(-0.9..<0.9)) { $0[0].erfInverse() },
    .init("Softmax", [[2, 3]]) { $0[0].softmax() },
    .init("SoftmaxGradient", [[2, 3]]) { x in
      ApusCore.gradient(at: x[0]) { $0.softmax().square().sum() }
    },
    .init("LogSoftmax", [[2, 3]]) { $0[0].logSoftmax() },
    .init("LogSoftmaxGradient", [[2, 3]]) { x in
      ApusCore.gradient(at: x[0]) { $0.logSoftmax().square().sum() }
    },
    .init("SoftmaxCrossEntropy", [[3, 4]]) { softmaxCrossEntropy(logits: $0[0], labels: labels) },
    .init("SoftmaxCrossEntropyGradient", [[3, 4]]) { x in
      ApusCore.gradient(at: x[0]) { softmaxCrossEntropy(logits: $0, labels: labels).square().sum() }
    },
    .init("CTC", [[3, 5, 4]]) { x in
      ctcLoss(
        logProbabilities: x[0].logSoftmax(), targets: letters, inputLengths: steps,
        targetLengths: lengths)
    },
    .init("CTCGradient", [[3, 5, 4]]) { x in
      ApusCore.gradient(at: x[0]) {
        ctcLoss(
          logProbabilities: $0, targets: letters, inputLengths: steps, targetLengths: lengths
        ).square().sum()
      }
    },
    .init("LayerNorm", [[2, 4], [4], [4]]) {
      $0[0].layerNormalized(gamma: $0[1], beta: $0[2]).square()
    },
    .init("LayerNormGradient", [[2, 4]]) { x in
      ApusCore.gradient(at: x[0]) { ($0.layerNormalized() * x[0]).square().sum() }
    },
    .init("GroupNorm", [[2, 3, 4], [4], [4]]) {
      $0[0].groupNormalized(groups: 2, gamma: $0[1], beta: $0[2]).result.square()
    },
    .init("GroupNormGradient", [[2, 3, 4]]) { x in
      ApusCore.gradient(at: x[0]) { ($0.groupNormalized(groups: 2).result * x[0]).square().sum() }
    },
    .init("BatchNorm", [[4, 3], [3], [3]]) {
      $0[0].batchNormalized(gamma: $0[1], beta: $0[2]).result.square()
    },
    .init("BatchNormGradient", [[4, 3]]) { x in
      ApusCore.gradient(at: x[0]) { ($0.batchNormalized().result * x[0]).square().sum() }
    },
    .init("AdamUpdate", [[3], [3]], .checked(0.5..<1)) { x in
      let scalars = Tensor([0.1, 0.5, 0.5, 1] as [Double], dtype: x[0].dtype)
      return adamUpdate(
        x[0], gradient: x[1], firstMoment: x[0] * 0.1, secondMoment: x[1].square(), scalars: scalars
      ).parameter
    },
    .init("SGDMomentumUpdate", [[3], [3]]) { x in
      let scalars = Tensor([0.1, 1] as [Double], dtype: x[0].dtype)
      return sgdMomentumUpdate(
        x[0], gradient: x[1].square(), velocity: x[0], scalars: scalars, momentum: 0.9
      ).parameter
    },
  ]

  /// Where a function is defined, apart from its kinks.
  private static let domains: [String: Range<Double>] = [
    "sqrt": 0.5..<2, "rsqrt": 0.5..<2, "reciprocal": 0.5..<2, "log": 0.5..<2, "log1p": -0.5..<2,
    "asin": -0.8..<0.8, "acos": -0.8..<0.8, "acosh": 1.5..<3, "atanh": -0.8..<0.8,
    "abs": 0.5..<2, "relu": 0.5..<2,
  ]
  private static let flat: Set<String> = [
    "sign", "floor", "ceil", "round", "truncate", "isFinite", "isNaN", "isInfinite", "logicalNot",
    "equal", "notEqual", "less", "lessOrEqual", "greater", "greaterOrEqual", "and", "or", "xor",
  ]
  private static let logical: Set<String> = ["logicalNot", "and", "or", "xor"]

  private static let unary = UnaryOperation.all.map { operation in
    OperationExample(
      operation.name, [[2, 3]],
      flat.contains(operation.name) ? .none : .checked(domains[operation.name] ?? -1..<1)
    ) { x in
      let operand = logical.contains(operation.name) ? x[0] .> 0 : x[0]
      return apply(operation, [operand]).converted(to: x[0].dtype)
    }
  }

  private static let binary = BinaryOperation.all.map { operation in
    OperationExample(
      operation.name, [[2, 3], [2, 3]],
      flat.contains(operation.name) ? .none : .checked(0.5..<0.95)
    ) { x in
      let isLogical = logical.contains(operation.name)
      let operands = isLogical ? x.map { $0 .> 0 } : [x[0], x[1] * 0.4]
      return apply(operation, operands).converted(to: x[0].dtype)
    }
  }
}
