import ApusCore
import CApusKernels

/// oneDNN for batches of some size; own kernels below, for doubles and in deterministic mode: the
/// library's sums depend on the number of threads.
extension BatchNorm: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    batchNormTypes(types, epsilon, .training, configuration)
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0]
    if x.type.count == 0 { return }
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    let results: [BufferRef?] = call.results.map { builder.output($0) }
    let label = "\(name) \(x.type.shape)"
    if let kernel = batchNormLibrary(x.type, epsilon, .training, builder.configuration) {
      builder.emit(kernel, operands + results, label: label, multiplyAdds: 0)
      return
    }
    var params = normParams(x.type, columns: x.type[-1], epsilon: epsilon)
    let measure =
      x.type.dtype == .float64
      ? apus_batch_norm_forward_scratch_bytes_f64 : apus_batch_norm_forward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(x.type.dtype, apus_batch_norm_forward_f32, apus_batch_norm_forward_f64), params,
      operands + results + [scratch], label: label)
  }
}

extension BatchNormGradient: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    batchNormTypes(types, epsilon, .backward, configuration)
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let x = call.operands[0]
    if x.type.count == 0 { return }
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    let results: [BufferRef?] = call.results.map { builder.output($0) }
    let label = "\(name) \(x.type.shape)"
    if let kernel = batchNormLibrary(x.type, epsilon, .backward, builder.configuration) {
      let (gamma, mean, variance, dy) = (operands[1], operands[2], operands[3], operands[4])
      builder.emit(
        kernel, [operands[0], mean, variance, dy, gamma] + results, label: label, multiplyAdds: 0)
      return
    }
    var params = normParams(x.type, columns: x.type[-1], epsilon: epsilon)
    let measure =
      x.type.dtype == .float64
      ? apus_batch_norm_backward_scratch_bytes_f64 : apus_batch_norm_backward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(x.type.dtype, apus_batch_norm_backward_f32, apus_batch_norm_backward_f64), params,
      operands + results + [scratch], label: label)
  }
}

/// 16-bit samples where the library takes them; scales and statistics are 32-bit floats beside them.
private func batchNormTypes(
  _ types: KernelTypes, _ epsilon: Double, _ pass: BatchNormPass,
  _ configuration: CPUConfiguration
) -> KernelTypes {
  let x = types.operands[0]
  let staysHalf = x.dtype.isHalf && batchNormLibrary(x, epsilon, pass, configuration) != nil
  return types.widened { !(staysHalf && $0 == x) }
}

/// The library's kernel for a batch norm of `x`, where it is the better choice.
private func batchNormLibrary(
  _ x: TensorType, _ epsilon: Double, _ pass: BatchNormPass, _ configuration: CPUConfiguration
) -> OneDNNKernel? {
  guard !configuration.isDeterministic, x.count > 0, let element = x.dtype.element,
    configuration.prefersOneDNN(x.dtype, multiplyAdds: x.count / 4)
  else { return nil }
  return OneDNN.batchNorm(
    BatchNormProblem(
      element: element, batch: x.dims[0], spatial: x.count / x.dims[0] / x[-1], channels: x[-1],
      epsilon: Float(epsilon), threads: configuration.threads), pass: pass)
}
