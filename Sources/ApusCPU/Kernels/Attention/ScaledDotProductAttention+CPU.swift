import ApusCore
import CApusKernels

/// Blocks of queries against blocks of keys: no array of all scores exists.
extension ScaledDotProductAttention: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .bool, .int64] }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let q = call.operands[0].type
    if call.results[0].type.count == 0 { return }
    var arguments = AttentionArguments(options, call.operands, builder)
    let inputs = (0..<3).map { arguments.strided(call.operands[$0]) }
    arguments.params.q_strides = inputs[0].strides
    arguments.params.k_strides = inputs[1].strides
    arguments.params.v_strides = inputs[2].strides
    let rest = arguments.rest(call.operands.dropFirst(3))
    let measure =
      q.dtype == .float64
      ? apus_attention_forward_scratch_bytes_f64 : apus_attention_forward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&arguments.params, Int32(builder.threads))))
    let results = call.results.map { builder.output($0) }
    builder.emit(
      choose(q.dtype, apus_attention_forward_f32, apus_attention_forward_f64), arguments.params,
      inputs.map(\.buffer) + rest + results + [scratch],
      label: "\(name) \(q.shape) × \(call.operands[1].type[1])",
      multiplyAdds: multiplyAdds(call.operands.map(\.type)))
  }
}

extension ScaledDotProductAttentionGradient: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .bool, .int64] }

  /// Without queries the kernel would leave the gradients of keys and values unwritten.
  func claims(_ operands: [TensorType]) -> Bool { operands[0].count > 0 }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let q = call.operands[0].type
    let forward = Self.forwardOperands(call.operands)
    var arguments = AttentionArguments(options, forward, builder)
    let inputs = [0, 1, 2, 5].map { arguments.strided(call.operands[$0]) }
    arguments.params.q_strides = inputs[0].strides
    arguments.params.k_strides = inputs[1].strides
    arguments.params.v_strides = inputs[2].strides
    arguments.params.dy_strides = inputs[3].strides
    let rest = arguments.rest(forward.dropFirst(3))
    let measure =
      q.dtype == .float64
      ? apus_attention_backward_scratch_bytes_f64 : apus_attention_backward_scratch_bytes_f32
    let scratch = builder.scratch(Int(measure(&arguments.params, Int32(builder.threads))))
    let saved: [BufferRef?] = [
      builder.contiguous(call.operands[3]), builder.contiguous(call.operands[4]),
      inputs[3].buffer,
    ]
    let results = call.results.map { builder.output($0) }
    builder.emit(
      choose(q.dtype, apus_attention_backward_f32, apus_attention_backward_f64),
      arguments.params, inputs.prefix(3).map(\.buffer) + saved + rest + results + [scratch],
      label: "\(name) \(q.shape) × \(call.operands[1].type[1])",
      multiplyAdds: multiplyAdds(call.operands.map(\.type)))
  }
}

/// The kernels' parameters, filled as operands are placed.
private struct AttentionArguments {
  typealias Strides = (Int64, Int64, Int64)
  var params = apus_attention_params()
  private let options: AttentionOptions
  private let builder: PlanBuilder

  init(_ options: AttentionOptions, _ operands: [KernelCall.Value], _ builder: PlanBuilder) {
    self.options = options
    self.builder = builder
    guard let sizes = try? options.sizes(operands.map(\.type)) else { return }
    params.batch = Int64(sizes.batch)
    params.heads = Int64(sizes.heads)
    params.groups = Int64(sizes.groups)
    params.queries = Int64(sizes.queries)
    params.keys = Int64(sizes.keys)
    params.width = Int64(sizes.width)
    params.value_width = Int64(sizes.valueWidth)
    params.scale = options.scale
    params.dropout_rate = options.dropoutRate
    params.is_causal = options.causalOffset == nil ? 0 : 1
    params.causal_offset = Int64(options.causalOffset ?? 0)
  }

  /// Where `x[N, T, H, D]` lies, with strides of all axes but the last; copied where that one is not
  /// adjacent.
  func strided(_ value: KernelCall.Value) -> (buffer: BufferRef?, strides: Strides) {
    var view = builder.view(value)
    if view.dims[3] != 1, view.strides[3] != 1 {
      let copy = builder.contiguous(value)
      view = StridedView(buffer: copy.buffer, shape: value.type.shape)
      view.offset = copy.byteOffset / value.type.dtype.byteCount
    }
    let buffer = BufferRef(
      buffer: view.buffer, byteOffset: view.offset * value.type.dtype.byteCount)
    return (buffer, (Int64(view.strides[0]), Int64(view.strides[1]), Int64(view.strides[2])))
  }

  /// The mask and the random key, each where the options have one.
  mutating func rest(_ operands: ArraySlice<KernelCall.Value>) -> [BufferRef?] {
    var rest = operands
    var mask: BufferRef?
    if options.hasMask, let value = rest.popFirst() {
      let view = builder.view(value)
      let isBool = value.type.dtype == .bool
      params.mask_kind = Int32(
        isBool ? apus_attention_bool_mask : apus_attention_real_mask)
      let strides = view.dims.indices.map { view.dims[$0] == 1 ? 0 : Int64(view.strides[$0]) }
      params.mask_strides = (strides[0], strides[1], strides[2], strides[3])
      mask = BufferRef(
        buffer: view.buffer, byteOffset: view.offset * value.type.dtype.byteCount)
    }
    let key = options.dropoutRate > 0 ? rest.popFirst().map { builder.contiguous($0) } : nil
    return [mask, key]
  }
}
