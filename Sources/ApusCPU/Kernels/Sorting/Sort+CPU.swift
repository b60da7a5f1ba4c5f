import ApusCore
import CApusKernels

extension Sort: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, values, indices) = (call.operands[0], call.results[0], call.results[1])
    if x.type.count == 0 { return }
    let blocks = AxisBlocks(x.type, axis: axis)
    var params = apus_sort_params(
      outer: blocks.outer, axis_size: blocks.extent, inner: blocks.inner,
      descending: isDescending ? 1 : 0, index_bytes: Int32(dtype.byteCount))
    let (kernel, scratchBytes) = Sort.kernel(x.type.dtype)
    let bytes = scratchBytes(&params, Int32(builder.threads))
    builder.emit(
      kernel, params,
      [
        builder.contiguous(x), builder.isUsed(values) ? builder.output(values) : nil,
        builder.isUsed(indices) ? builder.output(indices) : nil, builder.scratch(Int(bytes)),
      ], label: "sort \(x.type.shape)")
  }

  private typealias Size = (UnsafePointer<apus_sort_params>?, Int32) -> Int64

  private static func kernel(_ dtype: DType) -> (apus_kernel, Size) {
    switch dtype {
    case .float64: (apus_sort_f64, apus_sort_scratch_bytes_f64)
    case .int32: (apus_sort_i32, apus_sort_scratch_bytes_i32)
    case .int64: (apus_sort_i64, apus_sort_scratch_bytes_i64)
    case .uint8: (apus_sort_u8, apus_sort_scratch_bytes_u8)
    default: (apus_sort_f32, apus_sort_scratch_bytes_f32)
    }
  }
}
