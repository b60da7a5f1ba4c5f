import ApusCore

/// The flipped kernel slides over the gradient, whose elements lie a stride apart.
extension ConvolutionInputGradient: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let (dy, windows) = (call.operands[0], geometry.windows)
    let places = windows.axisNames
    var form = ConvolutionForm(
      ["b"] + places + ["f"], ["i", "o"] + places, ["b"] + places + ["f"], rank: windows.rank)
    form.operandDilation = windows.stride
    form.kernelDilation = windows.dilation
    form.featureGroups = geometry.groups
    for axis in 0..<windows.rank {
      let span = windows.span(axis)
      let length = (dy.dims[axis + 1] - 1) * windows.stride[axis] + 1
      form.low[axis] = span - 1 - windows.low[axis]
      form.high[axis] = input.dims[axis + 1] + span - 1 - length - form.low[axis]
    }
    let weight = grouped(call.operands[1], builder)
    // Turned round as an array: the form's own flag keeps processors from their quick convolutions.
    let flipped = builder.reverse(weight, axes: Array(2..<weight.rank))
    return [builder.convolution(dy, flipped, form, to: call.result.dims)]
  }

  /// `[O, C/G, k…] → [O/G, C, k…]`: every group's part of the weight beside the others'.
  private func grouped(
    _ weight: StableHLOValue, _ builder: StableHLOBuilder
  ) -> StableHLOValue {
    let groups = geometry.groups
    if groups == 1 { return weight }
    let (outputs, inputs) = (weight.dims[0] / groups, weight.dims[1])
    let window = Array(weight.dims.dropFirst(2))
    let apart = builder.reshape(weight, [groups, outputs, inputs] + window)
    let turned = builder.transpose(apart, [1, 0] + Array(2..<apart.rank))
    return builder.reshape(turned, [outputs, groups * inputs] + window)
  }
}
