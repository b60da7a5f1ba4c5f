import ApusCore
import CApusKernels

extension Pad: KernelLowering {
  var kernelDTypes: Set<DType> { Set(DType.allCases) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (operand, result) = (call.operands[0], call.results[0])
    let output = builder.output(result)
    if result.type.count == 0 { return }
    let size = result.type.dtype.byteCount
    if operand.type.count < result.type.count || low.contains(where: { $0 < 0 })
      || high.contains(where: { $0 < 0 })
    {
      var fill = apus_fill_params()
      fill.rank = 1
      fill.element_size = Int32(size)
      fill.pattern = result.type.dtype.scalarType.pattern(of: value)
      ApusCPU.fill(&fill.sizes, [result.type.count])
      ApusCPU.fill(&fill.strides, [1])
      builder.emit(apus_fill, fill, [output], label: "fill \(result.type)")
    }
    var source = builder.view(operand)
    var target = StridedView(buffer: output.buffer, shape: result.type.shape)
    for axis in low.indices {
      let step = interior[axis] + 1
      let extent = operand.type.dims[axis]
      // Elements that fall outside, when padding is negative, are not copied.
      let first = max(0, (-low[axis] + step - 1) / step)
      let limit = result.type.dims[axis] - low[axis]
      let end = min(extent, limit <= 0 ? 0 : (limit - 1) / step + 1)
      if end <= first { return }
      source.offset += first * source.strides[axis]
      source.dims[axis] = end - first
      target.offset += (low[axis] + first * step) * target.strides[axis]
      target.strides[axis] *= step
    }
    target.dims = source.dims
    builder.copy(source, to: target, size: size, label: "pad \(result.type.shape)")
  }
}

extension TensorScalar {
  /// The bits of a number in this type's memory layout.
  fileprivate static func pattern(of literal: Literal) -> UInt64 {
    let value = literal.isInteger ? Self(lossy: literal.asInt64) : Self(lossy: literal.asDouble)
    var bits: UInt64 = 0
    withUnsafeMutableBytes(of: &bits) { $0.storeBytes(of: value, as: Self.self) }
    return bits
  }
}
