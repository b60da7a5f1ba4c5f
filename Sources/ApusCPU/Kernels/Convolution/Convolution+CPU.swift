import ApusCore
import CApusKernels

extension Convolution: FinishingKernel {
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    ConvolutionLowering.kernelTypes(.forward, geometry, types, configuration)
  }

  /// The library's clamp would lose NaN.
  func ableToFinish(
    _ types: KernelTypes, standing: Bool, _ configuration: CPUConfiguration
  ) -> Finish {
    let problem = ConvolutionLowering(
      geometry: geometry, x: types.operands[0], w: types.operands[1], y: types.results[0])
    if types.operands[0].dtype.isHalf { return Finish() }
    let isOwn = problem.winograd(.forward, standing: standing) != nil
    return Finish(hasBias: true, hasAddend: isOwn, isRectified: isOwn)
  }

  func channelsOfWeights(_ type: TensorType) -> Shape {
    Shape(type.dims.enumerated().map { $0 == 0 ? $1 : 1 })
  }

  func lower(
    _ call: KernelCall, _ finish: Finish, into builder: PlanBuilder
  ) throws(TensorError) {
    let (x, w) = (call.operands[0], call.operands[1])
    var problem = ConvolutionLowering(
      geometry: geometry, x: x.type, w: w.type, y: call.results[0].type)
    if problem.y.count == 0 { return }
    problem.hasBias = finish.hasBias
    let operands = [builder.contiguous(x), builder.contiguous(w)]
    let bias = finish.hasBias ? builder.contiguous(call.operands[2]) : nil
    let addend = finish.hasAddend ? call.operands.last.map(builder.contiguous) : nil
    let result = builder.output(call.results[0])
    let label = "convolution \(problem.label)"
    let isChosen = finish.hasAddend || finish.isRectified
    let standing = builder.fusion.stands(w.id)
    if let params = problem.winograd(.forward, standing: standing, isChosen: isChosen) {
      problem.emit(
        params, operands[0], operands[1], bias: bias, addend: addend,
        rectifies: finish.isRectified, to: result, label: label, into: builder)
      return
    }
    precondition(!isChosen)
    if let kernel = problem.oneDNN(.forward, builder.configuration),
      let weights = builder.packed(operands[1], of: w, for: kernel)
    {
      builder.emit(
        kernel, [operands[0], weights] + (bias.map { [$0] } ?? []) + [result], label: label,
        multiplyAdds: problem.multiplyAdds)
      return
    }
    var params = problem.params
    let measure =
      x.type.dtype == .float64
      ? apus_convolution_forward_scratch_bytes_f64 : apus_convolution_forward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&params, Int32(builder.threads))))
    builder.emit(
      choose(x.type.dtype, apus_convolution_forward_f32, apus_convolution_forward_f64), params,
      operands + [bias, result, scratch], label: label, multiplyAdds: problem.multiplyAdds)
  }
}
