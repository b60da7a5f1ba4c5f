import ApusCore
import CApusKernels

/// Along the last axis a kernel of its own; along others the decomposition.
extension Softmax: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { axis == operands[0].rank - 1 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRows(call, builder, apus_softmax_f32, apus_softmax_f64, name)
  }
}

extension SoftmaxGradient: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { axis == operands[0].rank - 1 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRows(call, builder, apus_softmax_backward_f32, apus_softmax_backward_f64, name)
  }
}

extension LogSoftmax: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { axis == operands[0].rank - 1 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRows(call, builder, apus_log_softmax_f32, apus_log_softmax_f64, name)
  }
}

extension LogSoftmaxGradient: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { axis == operands[0].rank - 1 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRows(call, builder, apus_log_softmax_backward_f32, apus_log_softmax_backward_f64, name)
  }
}

/// Emits a kernel that treats the last axis as rows.
private func emitRows(
  _ call: KernelCall, _ builder: PlanBuilder, _ single: @escaping apus_kernel,
  _ double: @escaping apus_kernel, _ name: String
) {
  let type = call.operands[0].type
  if type.count == 0 { return }
  var params = apus_softmax_params()
  params.columns = Int64(type[-1])
  params.rows = Int64(type.count / type[-1])
  let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
  builder.emit(
    choose(type.dtype, single, double), params, operands + [builder.output(call.results[0])],
    label: "\(name) \(type.shape)")
}
