import ApusCore
import CApusKernels

extension Concatenate: KernelLowering {
  var kernelDTypes: Set<DType> { Set(DType.allCases) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let result = call.results[0]
    let place = axis < 0 ? axis + result.type.rank : axis
    let output = builder.output(result)
    var start = 0
    for operand in call.operands {
      let extent = operand.type.dims[place]
      defer { start += extent }
      if operand.type.count == 0 { continue }
      var target = StridedView(buffer: output.buffer, shape: result.type.shape)
      target.offset = start * target.strides[place]
      target.dims = operand.type.dims
      builder.copy(
        builder.view(operand), to: target, size: result.type.dtype.byteCount,
        label: "concatenate \(operand.type.shape)")
    }
  }
}
