import ApusCore
import CApusKernels

extension AveragePool: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.results[0].type,
      countsPadding: countsPadding, apus_average_pool_forward_f32, apus_average_pool_forward_f64,
      "average pool")
  }
}

extension AveragePoolGradient: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.results[0].type, y: call.operands[0].type,
      countsPadding: countsPadding, apus_average_pool_backward_f32,
      apus_average_pool_backward_f64, "average pool gradient")
  }
}
