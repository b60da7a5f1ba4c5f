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
  /// the fastest layout there at up to 32 channels on either side. From 64 on own kernels take as
  /// long where the library is at its best, and less elsewhere: they took 0.5 to 1.04 of its time with
  /// strides, and 0.75 to 0.85 where they leave out much padding. (They pack the weights in each run,
  /// which takes some pixels to pay off.) The weight gradient has no weights to pack and, in one group,
  /// took 0.6 to 1.0 of the library's time on all of ResNet-18's layers. Depthwise, the library is fast
  /// for images alone: for sequences own kernels took a quarter of its time, for volumes less. None of
  /// ours multiplies 16-bit floats.
  private func prefersOwn(_ pass: ConvolutionPass) -> Bool {
    let isHalf = x.dtype.isHalf
    let isDepthwise = geometry.groups == x[-1] && geometry.groups == y[-1]
    if isDepthwise, geometry.groups > 1 { return geometry.windows.rank != 2 }
    let few = min(x[-1], y[-1]) / geometry.groups
    if isHalf { return false }
    if pass == .weightGradient, geometry.groups == 1 { return true }
    if few <= (pass == .weightGradient ? 16 : 32) { return true }
    let pixels = y.dims.dropLast().reduce(1) { $0.timesClamped($1) }
    guard few >= 64, pixels >= 256 else { return false }
    let windows = geometry.windows
    if pass == .weightGradient { return windows.window.contains { $0 > 1 } }
    return windows.stride.contains { $0 > 1 } || shareOfPadding > 0.25
  }

  /// The part of all multiplications that meets padding; 0 for windows too wide to be looked through.
  private var shareOfPadding: Double {
    let windows = geometry.windows
    guard windows.window.allSatisfy({ $0 <= 4096 }) else { return 0 }
    var inside = 1.0
    for axis in windows.window.indices {
      let (extent, count) = (x.dims[axis + 1], y.dims[axis + 1])
      var met = 0
      for tap in 0..<windows.window[axis] {
        // Output pixel i meets input pixel i · stride + first.
        let (step, first) = (windows.stride[axis], tap * windows.dilation[axis] - windows.low[axis])
        let begin = first < 0 ? (step - 1 - first) / step : 0
        let end = extent > first ? (extent - first + step - 1) / step : 0
        met += max(0, min(count, end) - begin)
      }
      inside *= Double(met) / max(1, Double(count) * Double(windows.window[axis]))
    }
    return 1 - inside
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
