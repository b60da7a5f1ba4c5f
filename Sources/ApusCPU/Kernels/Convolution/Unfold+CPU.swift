import ApusCore
import CApusKernels

extension UnfoldWindows: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    let spatial = 1...windows.rank
    let steps = spatial.map { operand.strides[$0] * windows.stride[$0 - 1] }
    let inside = spatial.map { operand.strides[$0] * windows.dilation[$0 - 1] }
    return StridedView(
      buffer: operand.buffer, offset: operand.offset, dims: result.dims,
      strides: [operand.strides[0]] + steps + inside + [operand.strides[windows.rank + 1]])
  }
}

extension FoldWindows: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (y, x) = (call.operands[0], call.results[0])
    if x.type.count == 0 { return }
    var params = apus_fold_params()
    params.batch = Int64(x.type.dims[0])
    params.channels = Int64(x.type[-1])
    fill(&params.size, windows.padded(extents, 1))
    fill(&params.count, windows.padded(Array(y.type.dims[1...windows.rank]), 1))
    fill(&params.window, windows.padded(windows.window, 1))
    fill(&params.stride, windows.padded(windows.stride, 1))
    fill(&params.dilation, windows.padded(windows.dilation, 1))
    builder.emit(
      choose(x.type.dtype, apus_fold_f32, apus_fold_f64), params,
      [builder.contiguous(y), builder.output(x)], label: "fold \(y.type.shape) → \(x.type.shape)")
  }
}
