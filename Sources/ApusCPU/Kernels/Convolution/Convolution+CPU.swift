import ApusCore
import CApusKernels

extension Convolution: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    ConvolutionLowering.kernelTypes(.forward, geometry, types, configuration)
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, w) = (call.operands[0], call.operands[1])
    let problem = ConvolutionLowering(
      geometry: geometry, x: x.type, w: w.type, y: call.results[0].type)
    if problem.y.count == 0 { return }
    let operands = [builder.contiguous(x), builder.contiguous(w)]
    let result = builder.output(call.results[0])
    let label = "convolution \(problem.label)"
    if let kernel = problem.oneDNN(.forward, builder.configuration),
      let weights = builder.packed(operands[1], of: w, for: kernel)
    {
      builder.emit(
        kernel, [operands[0], weights, result], label: label, multiplyAdds: problem.multiplyAdds)
      return
    }
    var params = problem.params
    let measure =
      x.type.dtype == .float64
      ? apus_convolution_forward_scratch_bytes_f64 : apus_convolution_forward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(x.type.dtype, apus_convolution_forward_f32, apus_convolution_forward_f64), params,
      operands + [nil, result, scratch], label: label, multiplyAdds: problem.multiplyAdds)
  }
}
