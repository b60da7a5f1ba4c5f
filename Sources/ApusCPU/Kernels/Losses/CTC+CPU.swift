import ApusCore
import CApusKernels

extension CTC: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int64] }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let logs = call.operands[0]
    if logs.type[0] == 0 { return }
    var params = ctcParams(logs.type, call.operands[1].type, blank: blank)
    let scratch = builder.scratch(Int(apus_ctc_scratch_bytes(&params, Int32(builder.threads))))
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    let results: [BufferRef?] = call.results.map { builder.output($0) }
    builder.emit(
      choose(logs.type.dtype, apus_ctc_forward_f32, apus_ctc_forward_f64), params,
      operands + results + [scratch], label: "\(name) \(logs.type.shape)")
  }
}

extension CTCGradient: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int64] }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let logs = call.operands[0]
    if logs.type.count == 0 { return }
    var params = ctcParams(logs.type, call.operands[1].type, blank: blank)
    let scratch = builder.scratch(Int(apus_ctc_scratch_bytes(&params, Int32(builder.threads))))
    let operands: [BufferRef?] = call.operands.map { builder.contiguous($0) }
    builder.emit(
      choose(logs.type.dtype, apus_ctc_backward_f32, apus_ctc_backward_f64), params,
      operands + [builder.output(call.results[0]), scratch], label: "\(name) \(logs.type.shape)")
  }
}

private func ctcParams(
  _ logs: TensorType, _ targets: TensorType, blank: Int
) -> apus_ctc_params {
  apus_ctc_params(
    samples: Int64(logs[0]), steps: Int64(logs[1]), classes: Int64(logs[2]),
    labels: Int64(targets[1]), blank: Int64(blank))
}
