import ApusCore
import CApusKernels

extension SGDMomentumUpdate: KernelLowering {
  /// Without momentum the kernel leaves the velocity alone, which the formula does not.
  func claims(_ operands: [TensorType]) -> Bool { momentum != 0 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (p, g, v) = (call.operands[0], call.operands[1], call.operands[2])
    if p.type.count == 0 { return }
    var params = apus_sgd_params()
    params.count = Int64(p.type.count)
    params.momentum = momentum
    params.weight_decay = weightDecay
    params.nesterov = nesterov ? 1 : 0
    let gradient = builder.contiguous(g)
    let scalars = builder.contiguous(call.operands[3])
    builder.emit(
      choose(p.type.dtype, apus_sgd_f32, apus_sgd_f64), params,
      [
        builder.inPlace(p, call.results[0]), builder.inPlace(v, call.results[1]), gradient,
        scalars,
      ], label: "sgd \(p.type.shape)")
  }
}
