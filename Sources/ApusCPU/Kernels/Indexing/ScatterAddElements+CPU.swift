import ApusCore
import CApusKernels

extension ScatterAddElements: KernelLowering {
  func embeds(_ number: Literal, asOperand index: Int) -> Bool {
    index == 0 && number.asDouble == 0
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let indices = call.operands[1].type
    let params = apus_index_params(
      call.results[0].type, axis: axis, count: indices.dims[axis], indices: indices.dtype,
      countsFromEnd: countsFromEnd)
    emitScatter(call, params, ScatterAddElements.kernels, name, builder)
  }

  private static let kernels = AddingKernels(
    f32: apus_scatter_add_elements_f32, f64: apus_scatter_add_elements_f64,
    i32: apus_scatter_add_elements_i32, i64: apus_scatter_add_elements_i64)
}
