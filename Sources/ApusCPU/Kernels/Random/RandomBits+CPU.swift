import ApusCore
import CApusKernels

extension RandomBits: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRandom(apus_random_bits, call, name, builder)
  }
}

extension RandomUniform: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    emitRandom(apus_random_uniform, call, name, builder)
  }
}

extension FoldIn: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    builder.emit(
      apus_random_fold_in, apus_random_params(),
      call.operands.map { builder.contiguous($0) } + [builder.output(call.results[0])],
      label: name)
  }
}

private func emitRandom(
  _ kernel: @escaping apus_kernel, _ call: KernelCall, _ name: String, _ builder: PlanBuilder
) {
  let y = call.results[0]
  if y.type.count == 0 { return }
  let params = apus_random_params(
    count: Int64(y.type.count), wide: y.type.dtype.byteCount == 8 ? 1 : 0)
  builder.emit(
    kernel, params, [builder.contiguous(call.operands[0]), builder.output(y)],
    label: "\(name) \(y.type)")
}
