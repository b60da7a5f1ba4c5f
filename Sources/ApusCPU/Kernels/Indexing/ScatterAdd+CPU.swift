import ApusCore
import CApusKernels

extension ScatterAdd: KernelLowering {
  func embeds(_ number: Literal, asOperand index: Int) -> Bool {
    index == 0 && number.asDouble == 0
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let indices = call.operands[1].type
    let params = apus_index_params(
      call.results[0].type, axis: axis, count: indices.count, indices: indices.dtype)
    emitScatter(call, params, ScatterAdd.kernels, name, builder)
  }

  private static let kernels = AddingKernels(
    f32: apus_scatter_add_f32, f64: apus_scatter_add_f64, i32: apus_scatter_add_i32,
    i64: apus_scatter_add_i64)
}

/// Emits a kernel that adds updates to a base: in the base's memory, or over zeros.
func emitScatter(
  _ call: KernelCall, _ params: apus_index_params, _ kernels: AddingKernels, _ name: String,
  _ builder: PlanBuilder
) {
  let (base, y) = (call.operands[0], call.results[0])
  if y.type.count == 0 { return }
  let isZero = builder.graph.constant(base.id)?.asDouble == 0
  let target = isZero ? builder.output(y) : builder.inPlace(base, y)
  builder.emit(
    kernels[y.type.dtype], params,
    [
      isZero ? nil : target, builder.contiguous(call.operands[1]),
      builder.contiguous(call.operands[2]), target,
    ], label: "\(name) \(y.type.shape)")
  // Over zeros everything is written, in place only what the updates reach.
  if !isZero { builder.limitTraffic(of: target, to: call.operands[2].type.byteCount) }
}
