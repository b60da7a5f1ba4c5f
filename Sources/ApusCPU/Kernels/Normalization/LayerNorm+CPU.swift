import ApusCore
import CApusKernels

extension LayerNorm: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0]
    if x.type.count == 0 { return }
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    let results: [BufferRef?] = call.results.map { builder.output($0) }
    var params = normParams(
      x.type, columns: x.type.dims.suffix(axisCount).reduce(1, *), epsilon: epsilon)
    params.uncentered = isCentered ? 0 : 1
    builder.emit(
      choose(x.type.dtype, apus_layer_norm_forward_f32, apus_layer_norm_forward_f64), params,
      operands + results, label: "\(name) \(x.type.shape)")
  }
}

extension LayerNormGradient: KernelLowering {
  /// Without rows the kernel would leave the sums over rows unwritten.
  func claims(_ operands: [TensorType]) -> Bool { operands[0].count > 0 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0]
    var params = normParams(
      x.type, columns: x.type.dims.suffix(axisCount).reduce(1, *), epsilon: 0)
    params.uncentered = isCentered ? 0 : 1
    let measure =
      x.type.dtype == .float64
      ? apus_layer_norm_backward_scratch_bytes_f64 : apus_layer_norm_backward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    let results: [BufferRef?] = call.results.map { builder.output($0) }
    builder.emit(
      choose(x.type.dtype, apus_layer_norm_backward_f32, apus_layer_norm_backward_f64), params,
      operands + results + [scratch], label: "\(name) \(x.type.shape)")
  }
}

/// The kernels' description of `x` as rows of that many columns.
func normParams(_ x: TensorType, columns: Int, epsilon: Double) -> apus_norm_params {
  var params = apus_norm_params()
  params.columns = Int64(columns)
  params.rows = Int64(x.count / max(columns, 1))
  params.epsilon = epsilon
  return params
}
