import ApusCore
import CApusKernels

extension OneHot: KernelLowering {
  var kernelDTypes: Set<DType> { Set(DType.allCases) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (labels, y) = (call.operands[0], call.results[0])
    if y.type.count == 0 { return }
    let params = apus_one_hot_params(
      rows: Int64(labels.type.count), depth: Int64(depth),
      element_bytes: Int32(dtype.byteCount), index_bytes: Int32(labels.type.dtype.byteCount),
      one: OneHot.one(dtype))
    builder.emit(
      apus_one_hot, params, [builder.contiguous(labels), builder.output(y)],
      label: "oneHot \(y.type.shape)")
  }

  /// The bits of the number one.
  private static func one(_ dtype: DType) -> UInt64 {
    switch dtype {
    case .float32: UInt64(Float(1).bitPattern)
    case .float64: Double(1).bitPattern
    case .bfloat16: UInt64(BFloat16(1).bitPattern)
    case .float16: 0x3C00
    default: 1
    }
  }
}
