import ApusCore
import CApusKernels

extension CrossEntropyOptions {
  fileprivate func params(_ logits: TensorType, _ labels: TensorType) -> apus_cross_entropy_params {
    var params = apus_cross_entropy_params()
    params.rows = Int64(labels.count)
    params.classes = Int64(logits[-1])
    params.label_smoothing = labelSmoothing
    params.ignore_index = Int64(ignoredLabel ?? 0)
    params.has_ignore_index = ignoredLabel == nil ? 0 : 1
    params.label_bytes = Int32(labels.dtype.byteCount)
    return params
  }

  fileprivate func claims(_ operands: [TensorType]) -> Bool {
    operands[1].dtype == .int32 || operands[1].dtype == .int64
  }
}

extension SoftmaxCrossEntropy: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }
  func claims(_ operands: [TensorType]) -> Bool { options.claims(operands) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (logits, labels) = (call.operands[0], call.operands[1])
    if labels.type.count == 0 { return }
    let weights = call.operands.count > 2 ? builder.contiguous(call.operands[2]) : nil
    builder.emit(
      choose(
        logits.type.dtype, apus_cross_entropy_forward_f32, apus_cross_entropy_forward_f64),
      options.params(logits.type, labels.type),
      [
        builder.contiguous(logits), builder.contiguous(labels), weights,
        builder.output(call.results[0]), builder.output(call.results[1]),
      ], label: "\(name) \(logits.type.shape)")
  }
}

extension SoftmaxCrossEntropyGradient: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }
  func claims(_ operands: [TensorType]) -> Bool { options.claims(operands) }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let (logits, labels) = (call.operands[0], call.operands[1])
    if labels.type.count == 0 { return }
    let weights = call.operands.count > 4 ? builder.contiguous(call.operands[4]) : nil
    builder.emit(
      choose(
        logits.type.dtype, apus_cross_entropy_backward_f32, apus_cross_entropy_backward_f64),
      options.params(logits.type, labels.type),
      [
        builder.contiguous(logits), builder.contiguous(labels), weights,
        builder.contiguous(call.operands[2]), builder.contiguous(call.operands[3]),
        builder.output(call.results[0]),
      ], label: "\(name) \(logits.type.shape)")
  }
}
