import ApusCore
import CApusKernels

/// What the three convolution kernels share: sizes for the own kernels and for oneDNN.
struct ConvolutionLowering {
  let geometry: ConvolutionGeometry
  let x: TensorType
  let w: TensorType
  let y: TensorType
  /// A bias of the forward pass.
  var hasBias = false

  var multiplyAdds: Int { y.count * w.dims.dropFirst().reduce(1, *) }

  var label: String {
    let window = geometry.windows.window.map { "\($0)" }.joined(separator: "×")
    return "\(window) \(x.shape) → \(y.shape)"
  }

  var params: apus_convolution_params {
    let windows = geometry.windows
    var params = apus_convolution_params()
    params.batch = Int64(x.dims[0])
    params.input_channels = Int64(x[-1])
    params.output_channels = Int64(y[-1])
    params.groups = Int64(geometry.groups)
    fill(&params.input_size, windows.padded(Array(x.dims.dropFirst().dropLast()), 1))
    fill(&params.output_size, windows.padded(Array(y.dims.dropFirst().dropLast()), 1))
    fill(&params.kernel_size, windows.padded(windows.window, 1))
    fill(&params.stride, windows.padded(windows.stride, 1))
    fill(&params.dilation, windows.padded(windows.dilation, 1))
    fill(&params.pad_low, windows.padded(windows.low, 0))
    fill(&params.pad_high, windows.padded(windows.high, 0))
    return params
  }

  /// Few channels fill the library's blocks badly: own direct kernels took 0.3 to 0.9 of the time of
  /// the fastest layout there at up to 32 channels on either side; from 64 on they are even. The
  /// weight gradient has no weights to pack and, in one group, took 0.6 to 1.0 of the library's time
  /// on all of ResNet-18's layers, less the more weights there are to an image; with 256-bit vectors
  /// 0.4 to 0.8. Depthwise, the library is fast for images alone: for sequences own kernels took a
  /// quarter of its time, for volumes less. None of ours multiplies 16-bit floats.
  private func prefersOwn(_ pass: ConvolutionPass) -> Bool {
    let isHalf = x.dtype.isHalf
    let isDepthwise = geometry.groups == x[-1] && geometry.groups == y[-1]
    if isDepthwise, geometry.groups > 1 { return geometry.windows.rank != 2 }
    let few = min(x[-1], y[-1]) / geometry.groups
    if pass == .weightGradient, geometry.groups == 1 { return !isHalf }
    return !isHalf && few <= (pass == .weightGradient ? 16 : 32)
  }

  /// The library's kernel, where it is the better choice.
  ///
  /// Its weight gradient sums in an order that depends on the threads: not in deterministic mode.
  func oneDNN(_ pass: ConvolutionPass, _ configuration: CPUConfiguration) -> OneDNNKernel? {
    guard configuration.prefersOneDNN(x.dtype, multiplyAdds: multiplyAdds),
      !(configuration.isDeterministic && pass == .weightGradient), !prefersOwn(pass),
      let element = x.dtype.element
    else { return nil }
    let windows = geometry.windows
    let window = WindowGeometry(
      input: Array(x.dims.dropFirst().dropLast()), kernel: windows.window, stride: windows.stride,
      padLow: windows.low, padHigh: windows.high, dilation: windows.dilation)
    return OneDNN.convolution(
      ConvolutionProblem(
        element: element, batch: x.dims[0], groups: geometry.groups, inChannels: x[-1],
        outChannels: y[-1], window: window, hasBias: hasBias, threads: configuration.threads),
      pass: pass)
  }

  /// The types for a pass of a convolution: 16-bit floats where the library computes in them.
  static func kernelTypes(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ types: KernelTypes,
    _ configuration: CPUConfiguration
  ) -> KernelTypes {
    let (a, b, c) = (types.operands[0], types.operands[1], types.results[0])
    guard a.dtype.isHalf else { return types }
    let problem =
      switch pass {
      case .forward: ConvolutionLowering(geometry: geometry, x: a, w: b, y: c)
      case .inputGradient: ConvolutionLowering(geometry: geometry, x: c, w: b, y: a)
      case .weightGradient: ConvolutionLowering(geometry: geometry, x: a, w: c, y: b)
      }
    if problem.oneDNN(pass, configuration) == nil { return types.widened() }
    // Sums over a batch are in 32 bits anyway, and what updates weights wants them so.
    return pass == .weightGradient
      ? KernelTypes(operands: types.operands, results: [c.with(dtype: .float32)]) : types
  }
}

extension SlidingWindow {
  /// The numbers of the spatial axes with those of absent axes in front: three in all.
  func padded(_ numbers: [Int], _ absent: Int) -> [Int] {
    Array(repeating: absent, count: 3 - numbers.count) + numbers
  }
}
