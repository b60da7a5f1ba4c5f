import ApusCore
import CApusKernels

extension ArgReduce: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, y) = (call.operands[0], call.results[0])
    if y.type.count == 0 { return }
    let blocks = AxisBlocks(x.type, axis: axis)
    let params = apus_argreduce_params(
      outer: blocks.outer, axis_size: blocks.extent, inner: blocks.inner,
      minimum: kind == .argmin ? 1 : 0, index_bytes: Int32(y.type.dtype.byteCount))
    builder.emit(
      ArgReduce.kernel(x.type.dtype), params, [builder.contiguous(x), builder.output(y)],
      label: "\(name) \(x.type.shape)")
  }

  private static func kernel(_ dtype: DType) -> apus_kernel {
    switch dtype {
    case .float64: apus_argreduce_f64
    case .int32: apus_argreduce_i32
    case .int64: apus_argreduce_i64
    case .uint8: apus_argreduce_u8
    default: apus_argreduce_f32
    }
  }
}
