import ApusCore
import CApusKernels

extension ConvolutionWeightGradient: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    ConvolutionLowering.kernelTypes(.weightGradient, geometry, types, configuration)
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (x, dy) = (call.operands[0], call.operands[1])
    let problem = ConvolutionLowering(
      geometry: geometry, x: x.type, w: call.results[0].type, y: dy.type)
    if problem.w.count == 0 { return }
    let operands = [builder.contiguous(x), builder.contiguous(dy)]
    let result = builder.output(call.results[0])
    let label = "convolution weight gradient \(problem.label)"
    if let kernel = problem.oneDNN(.weightGradient, builder.configuration) {
      builder.emit(
        kernel, operands + [result], label: label, multiplyAdds: problem.multiplyAdds)
      return
    }
    var params = problem.params
    let measure =
      x.type.dtype == .float64
      ? apus_convolution_weight_gradient_scratch_bytes_f64
      : apus_convolution_weight_gradient_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(
        x.type.dtype, apus_convolution_weight_gradient_f32, apus_convolution_weight_gradient_f64),
      params, operands + [result, scratch], label: label, multiplyAdds: problem.multiplyAdds)
  }
}
