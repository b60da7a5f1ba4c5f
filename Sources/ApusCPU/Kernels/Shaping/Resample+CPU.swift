import ApusCore
import CApusKernels

extension Resample: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, y) = (call.operands[0].type, call.results[0].type)
    rule.emit(
      call, builder, axis: axis, x: x, y: y, name,
      choose(x.dtype, apus_resample_f32, apus_resample_f64))
  }
}

extension ResampleTranspose: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (dx, dy) = (call.results[0].type, call.operands[0].type)
    rule.emit(
      call, builder, axis: axis, x: dx, y: dy, name,
      choose(dx.dtype, apus_resample_transpose_f32, apus_resample_transpose_f64))
  }
}

extension Resampling {
  /// Emits the kernel of one direction between `x` and its resampling `y`.
  fileprivate func emit(
    _ call: KernelCall, _ builder: PlanBuilder, axis: Int, x: TensorType, y: TensorType,
    _ name: String, _ kernel: @escaping apus_kernel
  ) {
    if call.results[0].type.count == 0 { return }
    let (source, target) = (AxisBlocks(x, axis: axis), AxisBlocks(y, axis: axis))
    var params = apus_resample_params(
      outer: source.outer, source: source.extent, target: target.extent, inner: source.inner,
      scale: 0, low: 0, rule: 0)
    let rule: apus_resample_rule
    switch self {
    case .nearest(let scale): (rule, params.scale) = (apus_resample_nearest, scale)
    case .linear(let scale): (rule, params.scale) = (apus_resample_linear, scale)
    case .linearAligned(let scale): (rule, params.scale) = (apus_resample_aligned, scale)
    case .circular(let low): (rule, params.low) = (apus_resample_circular, Int64(low))
    case .reflect(let low): (rule, params.low) = (apus_resample_reflect, Int64(low))
    case .replicate(let low): (rule, params.low) = (apus_resample_replicate, Int64(low))
    }
    params.rule = Int64(rule.rawValue)
    let scratch = builder.scratch(Int(apus_resample_scratch_bytes(&params)))
    builder.emit(
      kernel, params,
      [builder.contiguous(call.operands[0]), builder.output(call.results[0]), scratch],
      label: "\(name) \(call.operands[0].type.shape) → \(call.results[0].type.shape)")
  }
}
