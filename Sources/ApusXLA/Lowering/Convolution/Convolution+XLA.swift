import ApusCore

extension Convolution: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let windows = geometry.windows
    let places = windows.axisNames
    var form = ConvolutionForm(
      ["b"] + places + ["f"], ["o", "i"] + places, ["b"] + places + ["f"], rank: windows.rank)
    (form.stride, form.low, form.high) = (windows.stride, windows.low, windows.high)
    form.kernelDilation = windows.dilation
    form.featureGroups = geometry.groups
    return [builder.convolution(call.operands[0], call.operands[1], form, to: call.result.dims)]
  }
}

extension SlidingWindow {
  /// StableHLO's names of the spatial axes.
  var axisNames: [String] { (0..<rank).map(String.init) }
}
