import ApusCore
import CApusKernels

extension SlidingWindow {
  /// The kernels' description of a pooling of `x` to `y`.
  func poolParams(_ x: TensorType, _ y: TensorType, countsPadding: Bool) -> apus_pool_params {
    var params = apus_pool_params()
    params.batch = Int64(x.dims[0])
    params.channels = Int64(x[-1])
    fill(&params.input_size, padded(Array(x.dims.dropFirst().dropLast()), 1))
    fill(&params.output_size, padded(Array(y.dims.dropFirst().dropLast()), 1))
    let widest = bins.map { bins in
      zip(x.dims.dropFirst().dropLast(), bins).map { ($0 + $1 - 1) / $1 + 1 }
    }
    fill(&params.window, padded(widest ?? window, 1))
    fill(&params.stride, padded(stride, 1))
    fill(&params.dilation, padded(dilation, 1))
    fill(&params.pad_low, padded(low, 0))
    fill(&params.pad_high, padded(high, 0))
    params.count_include_pad = countsPadding ? 1 : 0
    params.adaptive = bins == nil ? 0 : 1
    return params
  }

  /// Emits one pooling kernel: contiguous operands, one result.
  func emitPool(
    _ call: KernelCall, _ builder: PlanBuilder, x: TensorType, y: TensorType,
    countsPadding: Bool = false, _ single: @escaping apus_kernel,
    _ double: @escaping apus_kernel, _ name: String
  ) {
    if call.results[0].type.count == 0 { return }
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    builder.emit(
      choose(x.dtype, single, double), poolParams(x, y, countsPadding: countsPadding),
      operands + [builder.output(call.results[0])], label: "\(name) \(x.shape) → \(y.shape)")
  }
}

/// Own kernels: oneDNN's gradient needs a workspace of the forward pass, which is no value here.
extension MaxPool: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.results[0].type,
      apus_max_pool_forward_f32, apus_max_pool_forward_f64, "max pool")
  }
}

extension MaxPoolGradient: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.operands[1].type,
      apus_max_pool_backward_f32, apus_max_pool_backward_f64, "max pool gradient")
  }
}

extension MaxPoolGather: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.results[0].type,
      apus_max_pool_gather_f32, apus_max_pool_gather_f64, "max pool gather")
  }
}

extension MaxPoolIndices: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    windows.emitPool(
      call, builder, x: call.operands[0].type, y: call.results[0].type,
      apus_max_pool_indices_f32, apus_max_pool_indices_f64, "max pool indices")
  }
}
