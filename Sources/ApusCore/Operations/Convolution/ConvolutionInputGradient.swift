/// The gradient of a convolution's input: `dy[N, o…, O], w[O, C/G, k…] → dx[N, s…, C]`.
///
/// - Gradient: `v` flows to `dy` as the convolution of `v`, to `w` as the weight gradient of `v, dy`.
package struct ConvolutionInputGradient: Operation {
  package let geometry: ConvolutionGeometry
  /// The shape of the convolution's input, which strides leave open.
  package let input: Shape
  package var name: String { "convolutionInputGradient" }
  package var attributes: String { "input: \(input), \(geometry)" }
  package var operandNames: [String] { ["dy", "weight"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ geometry: ConvolutionGeometry, input: Shape) {
    self.geometry = geometry
    self.input = input
  }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0].with(shape: input)
    let y = try geometry.resultType(x, operands[1])
    try require(operands[0] == y, "dy is \(operands[0]), the convolution gives \(y)")
    return [x]
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    geometry.multiplyAdds(input, operands[1].shape)
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let v = upstream[0] else { return [nil, nil] }
    let (dy, w) = (call.operands[0], call.operands[1])
    return [
      apply(Convolution(geometry), [v, w]),
      apply(ConvolutionWeightGradient(geometry, weight: w.shape), [v, dy]),
    ]
  }
}

/// Returns the transposed convolution: the map that gives a convolution's input gradient.
///
/// - Shape: `x[N, s…, C], weight[C, O / groups, k…] → y[N, o…, O]` with
///   `o = (s − 1)·stride − low − high + dilation·(k − 1) + outputPadding + 1`; with `.same`,
///   `o = s·stride`.
/// - Source: Dumoulin and Visin 2016, chapter 4. The weight is laid out as PyTorch's.
public func transposedConvolution(
  _ x: Tensor, _ weight: Tensor, stride: [Int] = [1], padding: Padding = .valid,
  outputPadding: [Int] = [0], dilation: [Int] = [1], groups: Int = 1, file: String = #fileID,
  line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let failure = failedConvolution("transposedConvolution", x, weight, ["x", "weight"], site)
  do throws(Violation) {
    if let failed = [x, weight].first(where: { $0.error != nil }) { return failed }
    try require(
      (3...5).contains(x.rank),
      "x needs 1 to 3 spatial axes, [N, spatial…, C]: its rank is \(x.rank)")
    try require(
      weight.rank == x.rank,
      "the weight [C, O / groups, window…] has rank \(weight.rank), x has rank \(x.rank)")
    try require(
      x.dtype == weight.dtype, "dtypes differ: x is \(x.dtype), weight is \(weight.dtype)")
    try require(groups > 0, "groups \(groups) is not positive")
    try require(
      x.shape[-1] == weight.shape[0],
      "channels differ: x has \(x.shape[-1]), the weight has \(weight.shape[0])")
    try require(
      weight.shape[1].multipliedReportingOverflow(by: groups).overflow == false,
      "groups \(groups) is too large")
    let extents = Array(x.shape.dims.dropFirst().dropLast())
    try require(extents.allSatisfy { $0 < 1 << 31 }, "\(x.shape) is too large")
    let window = Array(weight.shape.dims.dropFirst(2))
    let steps = try spread(stride, extents.count, "stride")
    let extra = try spread(outputPadding, extents.count, "outputPadding")
    for axis in extents.indices {
      try require(
        extra[axis] >= 0 && extra[axis] < Swift.max(steps[axis], 1),
        "outputPadding \(extra[axis]) is not below the stride \(steps[axis])")
    }
    // With `.same` the amounts follow from the extents of the result.
    let grown = zip(extents, steps).map { $0.multipliedReportingOverflow(by: $1).partialValue }
    let windows = try SlidingWindow(
      window: window, stride: stride, dilation: dilation, padding: padding, over: grown)
    var result = [x.shape.dims[0]]
    for axis in extents.indices {
      let full = (extents[axis] - 1) * steps[axis] + windows.span(axis) + extra[axis]
      let size = padding == .same ? grown[axis] : full - windows.low[axis] - windows.high[axis]
      try require(size >= 0, "spatial axis \(axis) of the result would have extent \(size)")
      result.append(size)
    }
    result.append(weight.shape[1] * groups)
    let geometry = ConvolutionGeometry(windows: windows, groups: groups)
    return apply(
      ConvolutionInputGradient(geometry, input: Shape(result)), [x, weight], at: site)
  } catch { return failure(error) }
}
