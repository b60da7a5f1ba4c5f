import ApusCore

/// The gradient slides over the input as a kernel: channels take the part of samples, samples that of
/// channels.
extension ConvolutionWeightGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let (x, dy, windows) = (call.operands[0], call.operands[1], geometry.windows)
    let places = windows.axisNames
    var form = ConvolutionForm(
      ["f"] + places + ["b"], ["i"] + places + ["o"], ["f", "b"] + places, rank: windows.rank)
    form.stride = windows.dilation
    form.kernelDilation = windows.stride
    form.low = windows.low
    form.batchGroups = geometry.groups
    for axis in 0..<windows.rank {
      // What a stride left over at the end is cut off.
      let span = (dy.dims[axis + 1] - 1) * windows.stride[axis] + 1
      let reach = (windows.window[axis] - 1) * windows.dilation[axis]
      form.high[axis] = reach + span - x.dims[axis + 1] - windows.low[axis]
    }
    return [builder.convolution(x, dy, form, to: call.result.dims)]
  }
}
