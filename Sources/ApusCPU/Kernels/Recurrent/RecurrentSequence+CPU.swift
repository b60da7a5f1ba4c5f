import ApusCore
import CApusKernels

extension RecurrentSequence: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }

  func claims(_ operands: [TensorType]) -> Bool {
    cell.kernel != nil && operands[0][0] > 0
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let input = call.operands[0].type
    var params = cell.params(steps: input[0], samples: input[1], units: call.operands[1].type[1])
    params.reversed = isReversed ? 1 : 0
    if hasLengths { params.length_bytes = Int32(call.operands.last?.type.dtype.byteCount ?? 0) }
    let states = cell.stateCount
    var operands = call.operands[..<(3 + states)].map { Optional(builder.contiguous($0)) }
    if states == 1 { operands.append(nil) }
    operands += trailing(call, from: 3 + states, builder)
    // Outputs that nobody reads, and what only a gradient reads, are not stored.
    let stored = call.results.enumerated().map { index, value in
      (1...states).contains(index) || builder.isUsed(value) ? builder.output(value) : nil
    }
    var results = [stored[0], stored[1], states == 2 ? stored[2] : nil]
    results += [stored[1 + states], stored[2 + states], states == 2 ? stored[5] : nil]
    builder.emit(
      choose(input.dtype, apus_recurrent_forward_f32, apus_recurrent_forward_f64), params,
      operands + results + [params.scratch(input.dtype, builder)],
      label: "\(name) \(input.shape)",
      multiplyAdds: multiplyAdds(call.operands.map(\.type)))
  }

  private func trailing(
    _ call: KernelCall, from first: Int, _ builder: PlanBuilder
  ) -> [BufferRef?] {
    cell.trailing(call.operands[first...], hasLengths: hasLengths, builder)
  }
}

extension RecurrentSequenceGradient: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }

  func claims(_ operands: [TensorType]) -> Bool {
    cell.kernel != nil && operands[0][0] > 0
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let dy = call.operands[0].type
    var params = cell.params(steps: dy[0], samples: dy[1], units: dy[2])
    params.reversed = isReversed ? 1 : 0
    if hasLengths { params.length_bytes = Int32(call.operands.last?.type.dtype.byteCount ?? 0) }
    let states = cell.stateCount
    let given = call.operands[..<(4 + states)].map { Optional(builder.contiguous($0)) }
    var operands = Array(given[...states]) + (states == 1 ? [nil] : [])
    operands += given[(1 + states)...]
    operands += cell.trailing(
      call.operands[(4 + states)...], hasLengths: hasLengths, builder)
    let stored = call.results.map { Optional(builder.output($0)) }
    var results = [stored[0], cell.separatesProduct ? stored[1] : nil]
    results += stored.suffix(states) + (states == 1 ? [nil] : [])
    builder.emit(
      choose(dy.dtype, apus_recurrent_backward_f32, apus_recurrent_backward_f64), params,
      operands + results + [params.scratch(dy.dtype, builder)],
      label: "\(name) \(dy.shape)", multiplyAdds: multiplyAdds(call.operands.map(\.type)))
  }
}

extension RecurrentCell {
  /// The kernels' name of the formula; `nil` where they do not know it.
  fileprivate var kernel: apus_recurrent_cell? {
    switch self {
    case .tanh: apus_recurrent_tanh
    case .relu: apus_recurrent_relu
    case .lstm: apus_recurrent_lstm
    case .peepholeLSTM: apus_recurrent_peephole_lstm
    case .gru: apus_recurrent_gru
    default: nil
    }
  }

  fileprivate func params(steps: Int, samples: Int, units: Int) -> apus_recurrent_params {
    var params = apus_recurrent_params()
    params.steps = Int64(steps)
    params.samples = Int64(samples)
    params.units = Int64(units)
    params.cell = Int32(kernel?.rawValue ?? 0)
    return params
  }

  /// The last operands, peepholes and lengths, each in its place or absent.
  fileprivate func trailing(
    _ operands: ArraySlice<KernelCall.Value>, hasLengths: Bool, _ builder: PlanBuilder
  ) -> [BufferRef?] {
    let peepholes = hasPeepholes ? operands.first.map { builder.contiguous($0) } : nil
    let lengths = hasLengths ? operands.last.map { builder.contiguous($0) } : nil
    return [peepholes, lengths]
  }
}

extension apus_recurrent_params {
  fileprivate func scratch(_ dtype: DType, _ builder: PlanBuilder) -> BufferRef {
    var params = self
    let measure =
      dtype == .float64 ? apus_recurrent_scratch_bytes_f64 : apus_recurrent_scratch_bytes_f32
    return builder.scratch(Int(measure(&params)))
  }
}
