import ApusCore
import CApusKernels

/// Own kernels: they take along what comes before and after, and their sums do not depend on the
/// number of threads.
extension BatchNorm: KernelLowering {
  /// Samples of any floating dtype; scales and statistics beside 16-bit ones are of 32 bits.
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    types.widened { $0 != types.operands[0] }
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    builder.emitBatchNorm(name, call, epsilon: epsilon, rectifies: false)
  }
}

extension BatchNormGradient: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    types.widened { $0 != types.operands[0] }
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    builder.emitBatchNormGradient(name, call, epsilon: epsilon)
  }
}

extension PlanBuilder {
  /// Emits `x, gamma, beta, [residual] → y, mean, variance`.
  func emitBatchNorm(_ name: String, _ call: KernelCall, epsilon: Double, rectifies: Bool) {
    let x = call.operands[0].type
    if x.count == 0 { return }
    var params = batchNormParams(x, epsilon, rectifies: rectifies)
    let residual = call.operands.count > 3 ? contiguous(call.operands[3]) : nil
    let operands = call.operands.prefix(3).map { contiguous($0) }
    let results = call.results.map { output($0) }
    emit(
      choose(
        x.dtype, apus_batch_norm_forward_f32, apus_batch_norm_forward_f64,
        apus_batch_norm_forward_bf16, apus_batch_norm_forward_f16), params,
      operands + [residual] + results + [batchNormScratch(x, &params)],
      label: "\(name) \(x.shape)")
    if let residual { allowInPlace(residual, results[0]) }
  }

  /// Emits `x, gamma, mean, variance, dy → dx, dgamma, dbeta, [dz]`.
  ///
  /// - Parameters:
  ///   - more: Added to `dy`.
  ///   - beta: Given where a ReLU follows whose sign is computed again.
  ///   - y: The result of the ReLU, where its sign is read.
  func emitBatchNormGradient(
    _ name: String, _ call: KernelCall, epsilon: Double, more: KernelCall.Value? = nil,
    beta: KernelCall.Value? = nil, y: KernelCall.Value? = nil
  ) {
    let x = call.operands[0].type
    if x.count == 0 { return }
    var params = batchNormParams(x, epsilon, rectifies: beta != nil || y != nil)
    let operands = call.operands.prefix(5).map { contiguous($0) }
    let extra = [more, beta, y].map { $0.map { contiguous($0) } }
    let results = call.results.prefix(3).map { output($0) }
    var kept: BufferRef?
    if let dz = call.results.dropFirst(3).first, more != nil || isUsed(dz) { kept = output(dz) }
    emit(
      choose(
        x.dtype, apus_batch_norm_backward_f32, apus_batch_norm_backward_f64,
        apus_batch_norm_backward_bf16, apus_batch_norm_backward_f16), params,
      operands + extra + results + [kept, batchNormScratch(x, &params)],
      label: "\(name) \(x.shape)")
    if let kept {
      for flow in [operands[4], extra[0]] { if let flow { allowInPlace(flow, kept) } }
    } else {
      allowInPlace(operands[4], results[0])
    }
    for read in [operands[0], extra[2]] { if let read { allowInPlace(read, results[0]) } }
  }

  private func batchNormParams(
    _ x: TensorType, _ epsilon: Double, rectifies: Bool
  ) -> apus_batch_norm_params {
    var params = apus_batch_norm_params()
    params.columns = Int64(x[-1])
    params.rows = Int64(x.count / x[-1])
    params.epsilon = epsilon
    params.rectifies = rectifies ? 1 : 0
    return params
  }

  private func batchNormScratch(
    _ x: TensorType, _ params: inout apus_batch_norm_params
  ) -> BufferRef {
    let measure =
      switch x.dtype {
      case .float64: apus_batch_norm_scratch_bytes_f64
      case .bfloat16: apus_batch_norm_scratch_bytes_bf16
      case .float16: apus_batch_norm_scratch_bytes_f16
      default: apus_batch_norm_scratch_bytes_f32
      }
    return scratch(Int(measure(&params)))
  }
}
