/// Slides a weight over the spatial axes: `x[N, s…, C], w[O, C/G, k…] → y[N, o…, O]`.
///
/// It is cross-correlation, as the field understands convolution: the weight is not flipped.
/// - Gradient: by ``ConvolutionInputGradient`` and ``ConvolutionWeightGradient``. Each of the three is
///   linear in both operands, and its gradients are the other two.
/// - Source: StableHLO specification, `convolution`; oneDNN convolution primitive.
package struct Convolution: Operation {
  package let geometry: ConvolutionGeometry
  package var name: String { "convolution" }
  package var attributes: String { "\(geometry)" }
  package var operandNames: [String] { ["x", "weight"] }
  package var cpu: CPUKernel { .kernel }

  package init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [try geometry.resultType(operands[0], operands[1])]
  }

  package func multiplyAdds(_ operands: [TensorType]) -> Int {
    geometry.multiplyAdds(operands[0].shape, operands[1].shape)
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let (x, w) = (call.operands[0], call.operands[1])
    return [
      apply(ConvolutionInputGradient(geometry, input: x.shape), [dy, w]),
      apply(ConvolutionWeightGradient(geometry, weight: w.shape), [x, dy]),
    ]
  }
}

/// Returns the convolution of `x` with a weight, over one, two or three spatial axes.
///
///     y[n, o, k] = Σ_{c, f} x[n, o·stride + f·dilation − low, c] · weight[k, c, f]
///
/// - Shape: `x[N, s…, C], weight[O, C / groups, k…] → y[N, o…, O]` with
///   `o = ⌊(s + low + high − dilation·(k − 1) − 1) / stride⌋ + 1`.
/// - Parameters: `stride` and `dilation` hold one number per spatial axis, or one for all;
///   `paddingMode` says what padding is filled with.
/// - Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".
public func convolution(
  _ x: Tensor, _ weight: Tensor, stride: [Int] = [1], padding: Padding = .valid,
  paddingMode: PaddingMode = .zeros, dilation: [Int] = [1], groups: Int = 1,
  file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let failure = failedConvolution("convolution", x, weight, ["x", "weight"], site)
  do throws(Violation) {
    if let failed = [x, weight].first(where: { $0.error != nil }) { return failed }
    try ConvolutionGeometry.check(x.type, weight.type, groups: groups)
    var windows = try SlidingWindow(
      window: Array(weight.shape.dims.dropFirst(2)), stride: stride, dilation: dilation,
      padding: padding, over: Array(x.shape.dims.dropFirst().dropLast()))
    var ground = x
    if paddingMode != .zeros, (windows.low + windows.high).contains(where: { $0 != 0 }) {
      ground = x.padded(
        low: [0] + windows.low + [0], high: [0] + windows.high + [0], mode: paddingMode,
        file: file, line: line)
      if ground.error != nil { return ground }
      windows.removePadding()
    }
    let geometry = ConvolutionGeometry(windows: windows, groups: groups)
    return apply(Convolution(geometry), [ground, weight], at: site)
  } catch { return failure(error) }
}

func failedConvolution(
  _ name: String, _ x: Tensor, _ weight: Tensor, _ names: [String], _ site: CallSite
) -> (Violation) -> Tensor {
  { Tensor(error: refusal(of: name, [x, weight], $0, names: names, at: site)) }
}
