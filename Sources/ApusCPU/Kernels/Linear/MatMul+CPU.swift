import ApusCore
import CApusKernels

/// Own kernels for single rows, small and integer products; oneDNN above, except in deterministic
/// mode: the library may split the inner dimension among threads.
extension MatMul: FinishingKernel {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }

  /// 16-bit floats where the library multiplies them.
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    let canStay =
      !types.operands[0].dtype.isHalf
      || libraryGives(types.results[0], of: types.operands, configuration)
    return canStay ? types : types.widened()
  }

  /// Whether the library has a kernel that makes such a product of contiguous operands.
  func libraryGives(
    _ result: TensorType, of operands: [TensorType], _ configuration: CPUConfiguration
  ) -> Bool {
    let views = operands.indices.map { StridedView(buffer: $0, shape: operands[$0].shape) }
    let shape = MatMulShape(result, views[0], views[1])
    let problem = shape.problem(operands[0].dtype, result.dtype, configuration)
    return problem.flatMap(OneDNN.matmul) != nil
  }

  /// Own kernels clamp; the library's clamp would lose NaN.
  func ableToFinish(
    _ types: KernelTypes, standing: Bool, _ configuration: CPUConfiguration
  ) -> Finish {
    let (element, result) = (types.operands[0].dtype, types.results[0])
    if !element.isFloating || element.isHalf || result.dtype.isHalf { return Finish() }
    let views = types.operands.indices.map {
      StridedView(buffer: $0, shape: types.operands[$0].shape)
    }
    let shape = MatMulShape(result, views[0], views[1])
    let isOwn = shape.problem(element, result.dtype, configuration) == nil
    return Finish(hasBias: true, isRectified: isOwn)
  }

  func channelsOfWeights(_ type: TensorType) -> Shape {
    Shape(type.dims.enumerated().map { $0 == type.rank - 1 ? $1 : 1 })
  }

  func lower(
    _ call: KernelCall, _ finish: Finish, into builder: PlanBuilder
  ) throws(TensorError) {
    let (dtype, result) = (call.operands[0].type.dtype, call.results[0].type)
    if result.count == 0 { return }
    let views = call.operands.map(builder.view)
    if !finish.isRectified,
      emit(MatMulShape(result, views[0], views[1]), call, finish, into: builder)
    {
      return
    }
    if dtype.isHalf {
      // Only the library multiplies these, and rows or columns that do not step evenly need a copy.
      let copies = call.operands.map { operand in
        let copy = builder.contiguous(operand)
        var view = StridedView(buffer: copy.buffer, shape: operand.type.shape)
        view.offset = copy.byteOffset / dtype.byteCount
        return view
      }
      let isDone = emit(MatMulShape(result, copies[0], copies[1]), call, finish, into: builder)
      precondition(isDone)
      return
    }
    let shape = MatMulShape(result, views[0], views[1])
    let (batch, a, b) = (shape.batch, shape.a, shape.b)
    guard batch.sizes.count <= Int(APUS_GEMM_BATCH_RANK) else {
      throw TensorError(
        operation: name,
        reason: "\(batch.sizes.count) batch axes that broadcast unevenly are too many",
        operands: [
          .init(name: "a", type: call.operands[0].type),
          .init(name: "b", type: call.operands[1].type),
        ])
    }
    var params = apus_gemm_params()
    (params.m, params.n, params.k) = (Int64(shape.m), Int64(shape.n), Int64(shape.k))
    params.a_row_stride = Int64(a.strides[a.strides.count - 2])
    params.a_column_stride = Int64(a.strides[a.strides.count - 1])
    params.b_row_stride = Int64(b.strides[b.strides.count - 2])
    params.b_column_stride = Int64(b.strides[b.strides.count - 1])
    params.c_row_stride = Int64(shape.n)
    params.c_batch_stride = Int64(shape.m * shape.n)
    params.batch_rank = Int32(batch.sizes.count)
    params.relu = finish.isRectified ? 1 : 0
    fill(&params.batch_sizes, batch.sizes)
    fill(&params.a_batch_strides, batch.a)
    fill(&params.b_batch_strides, batch.b)
    var scratch: [BufferRef?] = []
    if dtype.isFloating {
      let measure =
        dtype == .float64 ? apus_gemm_scratch_bytes_f64 : apus_gemm_scratch_bytes_f32
      scratch = [builder.scratch(Int(measure(&params, Int32(builder.threads))))]
    }
    let kernel: apus_kernel =
      switch dtype {
      case .float64: apus_gemm_f64
      case .int32: apus_gemm_i32
      case .int64: apus_gemm_i64
      default: apus_gemm_f32
      }
    builder.emit(
      kernel, params,
      [
        shape.left(dtype), shape.right(dtype), bias(call, finish, builder),
        builder.output(call.results[0]),
      ] + scratch,
      label: shape.label, multiplyAdds: shape.multiplyAdds)
  }

  /// Emits the library's kernel, where it is the better choice.
  private func emit(
    _ shape: MatMulShape, _ call: KernelCall, _ finish: Finish, into builder: PlanBuilder
  ) -> Bool {
    let (element, result) = (call.operands[0].type.dtype, call.results[0])
    let weights = call.operands[1]
    guard var problem = shape.problem(element, result.type.dtype, builder.configuration) else {
      return false
    }
    problem.hasBias = finish.hasBias
    let plain = OneDNN.matmul(problem)
    problem.packsWeights = builder.fusion.stands(weights.id)
    guard let kernel = problem.packsWeights ? OneDNN.matmul(problem) ?? plain : plain,
      let right = builder.packed(shape.right(element), of: weights, for: kernel)
    else { return false }
    let added = bias(call, finish, builder).map { [$0] } ?? []
    builder.emit(
      kernel, [shape.left(element), right] + added + [builder.output(result)], label: shape.label,
      multiplyAdds: shape.multiplyAdds)
    return true
  }

  private func bias(
    _ call: KernelCall, _ finish: Finish, _ builder: PlanBuilder
  ) -> BufferRef? {
    finish.hasBias ? builder.contiguous(call.operands[2]) : nil
  }
}
