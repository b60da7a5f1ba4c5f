import ApusCore
import CApusKernels

extension StochasticPoolIndices: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.results[0].type,
      apus_stochastic_pool_f32, apus_stochastic_pool_f64, "stochastic pool")
  }
}
