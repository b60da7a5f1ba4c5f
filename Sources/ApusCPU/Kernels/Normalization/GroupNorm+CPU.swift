import ApusCore
import CApusKernels

/// Own kernels where channels lie together; channels first, the decomposition runs along rows.
extension GroupNorm: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { !isChannelsFirst && operands[0].count > 0 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0].type
    emitGroupNorm(
      choose(x.dtype, apus_group_norm_forward_f32, apus_group_norm_forward_f64),
      apus_group_norm_params(x, groups: groups, epsilon: epsilon), call, name, builder)
  }
}

extension GroupNormGradient: KernelLowering {
  func claims(_ operands: [TensorType]) -> Bool { !isChannelsFirst && operands[0].count > 0 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0].type
    emitGroupNorm(
      choose(x.dtype, apus_group_norm_backward_f32, apus_group_norm_backward_f64),
      apus_group_norm_params(x, groups: groups, epsilon: epsilon), call, name, builder)
  }
}

private func emitGroupNorm(
  _ kernel: @escaping apus_kernel, _ params: apus_group_norm_params, _ call: KernelCall,
  _ name: String, _ builder: PlanBuilder
) {
  let x = call.operands[0].type
  var params = params
  let bytes =
    x.dtype == .float64
    ? apus_group_norm_scratch_bytes_f64(&params) : apus_group_norm_scratch_bytes_f32(&params)
  let scratch = builder.scratch(Int(bytes))
  let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
  let results: [BufferRef?] = call.results.map { builder.output($0) }
  builder.emit(
    kernel, params, operands + results + [scratch],
    label: "\(name) \(x.shape) in \(params.groups) groups")
}

extension apus_group_norm_params {
  /// `x[N, S…, C]` as samples, places and channels.
  fileprivate init(_ x: TensorType, groups: Int, epsilon: Double) {
    self.init(
      samples: Int64(x[0]), places: Int64(x.dims.dropFirst().dropLast().reduce(1, *)),
      channels: Int64(x[-1]), groups: Int64(groups), epsilon: epsilon)
  }
}
