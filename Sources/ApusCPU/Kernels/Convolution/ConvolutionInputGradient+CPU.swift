import ApusCore
import CApusKernels

extension ConvolutionInputGradient: KernelLowering {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    ConvolutionLowering.kernelTypes(.inputGradient, geometry, types, configuration)
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (dy, w) = (call.operands[0], call.operands[1])
    let problem = ConvolutionLowering(
      geometry: geometry, x: call.results[0].type, w: w.type, y: dy.type)
    if problem.x.count == 0 { return }
    let operands = [builder.contiguous(dy), builder.contiguous(w)]
    let result = builder.output(call.results[0])
    let label = "convolution input gradient \(problem.label)"
    if let params = problem.winograd(.inputGradient, standing: builder.fusion.stands(w.id)) {
      problem.emit(params, operands[0], operands[1], to: result, label: label, into: builder)
      return
    }
    if let kernel = problem.oneDNN(.inputGradient, builder.configuration),
      let weights = builder.packed(operands[1], of: w, for: kernel)
    {
      builder.emit(
        kernel, [operands[0], weights, result], label: label, multiplyAdds: problem.multiplyAdds)
      return
    }
    var params = problem.params
    let measure =
      dy.type.dtype == .float64
      ? apus_convolution_input_gradient_scratch_bytes_f64
      : apus_convolution_input_gradient_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(
        dy.type.dtype, apus_convolution_input_gradient_f32, apus_convolution_input_gradient_f64),
      params, operands + [result, scratch], label: label, multiplyAdds: problem.multiplyAdds)
  }
}
