import ApusCore
import CApusKernels

extension CumulativeSum: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, y) = (call.operands[0], call.results[0])
    if y.type.count == 0 { return }
    let blocks = AxisBlocks(x.type, axis: axis)
    let params = apus_cumulative_params(
      outer: blocks.outer, axis_size: blocks.extent, inner: blocks.inner,
      exclusive: isExclusive ? 1 : 0, reverse: isReversed ? 1 : 0)
    builder.emit(
      CumulativeSum.kernels[x.type.dtype], params, [builder.contiguous(x), builder.output(y)],
      label: "cumulativeSum \(x.type.shape)")
  }

  private static let kernels = AddingKernels(
    f32: apus_cumulative_sum_f32, f64: apus_cumulative_sum_f64, i32: apus_cumulative_sum_i32,
    i64: apus_cumulative_sum_i64)
}
