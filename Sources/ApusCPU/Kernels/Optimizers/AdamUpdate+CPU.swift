import ApusCore
import CApusKernels

extension AdamUpdate: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (p, g, m, v) = (call.operands[0], call.operands[1], call.operands[2], call.operands[3])
    if p.type.count == 0 { return }
    var params = apus_adam_params()
    params.count = Int64(p.type.count)
    params.beta1 = beta1
    params.beta2 = beta2
    params.epsilon = epsilon
    params.weight_decay = weightDecay
    params.decoupled = isDecoupled ? 1 : 0
    let gradient = builder.contiguous(g)
    let scalars = builder.contiguous(call.operands[4])
    builder.emit(
      choose(p.type.dtype, apus_adam_f32, apus_adam_f64), params,
      [
        builder.inPlace(p, call.results[0]), builder.inPlace(m, call.results[1]),
        builder.inPlace(v, call.results[2]), gradient, scalars,
      ], label: "adam \(p.type.shape)")
  }
}
