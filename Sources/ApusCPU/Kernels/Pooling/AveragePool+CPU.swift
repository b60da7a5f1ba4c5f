import ApusCore
import CApusKernels

extension AveragePool: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, y) = (call.operands[0].type, call.results[0].type)
    if windows.emitOneDNN(call, builder, x: x, countsPadding, .inference, "average pool") { return }
    windows.emitPool(
      call, builder, x: x, y: y, countsPadding: countsPadding, apus_average_pool_forward_f32,
      apus_average_pool_forward_f64, "average pool")
  }
}

extension AveragePoolGradient: KernelLowering {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, y) = (call.results[0].type, call.operands[0].type)
    let name = "average pool gradient"
    if windows.emitOneDNN(call, builder, x: x, countsPadding, .inputGradient, name) { return }
    windows.emitPool(
      call, builder, x: x, y: y, countsPadding: countsPadding, apus_average_pool_backward_f32,
      apus_average_pool_backward_f64, name)
  }
}

extension SlidingWindow {
  /// Emits the library's kernel for a mean over windows, if it is there and worth a call.
  fileprivate func emitOneDNN(
    _ call: KernelCall, _ builder: PlanBuilder, x: TensorType, _ countsPadding: Bool,
    _ pass: PoolingPass, _ name: String
  ) -> Bool {
    // The library divides by the whole window where one ends outside, and has no bins.
    guard x.count > 0, bins == nil, !roundsUp, call.results[0].type.count > 0,
      dilation.allSatisfy({ $0 == 1 }),
      builder.prefersOneDNN(x.dtype, multiplyAdds: x.count)
    else { return false }
    let geometry = WindowGeometry(
      input: Array(x.dims.dropFirst().dropLast()), kernel: window, stride: stride, padLow: low,
      padHigh: high)
    let problem = PoolingProblem(
      element: .float32, kind: .average(includesPadding: countsPadding), batch: x.dims[0],
      channels: x[-1], window: geometry, threads: builder.threads)
    guard let kernel = OneDNN.pooling(problem, pass: pass) else { return false }
    let buffers = [builder.contiguous(call.operands[0]), builder.output(call.results[0])]
    builder.emit(kernel, buffers, label: "\(name) \(x.shape)", multiplyAdds: 0)
    return true
  }
}
