import ApusCore
import CApusKernels

extension GatherElements: KernelLowering {
  var kernelDTypes: Set<DType> { Set(DType.allCases) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, indices, y) = (call.operands[0], call.operands[1], call.results[0])
    if y.type.count == 0 { return }
    let params = apus_index_params(
      x.type, axis: axis, count: indices.type.dims[axis], indices: indices.type.dtype,
      countsFromEnd: countsFromEnd)
    let source = builder.contiguous(x)
    builder.emit(
      apus_gather_elements, params,
      [source, builder.contiguous(indices), builder.output(y)],
      label: "gatherElements \(y.type.shape)")
    builder.limitTraffic(of: source, to: y.type.byteCount)
  }
}
