import ApusCore
import CApusKernels

/// Own kernels for single rows, small and integer products; oneDNN above, except in deterministic
/// mode: the library may split the inner dimension among threads.
extension MatMul: KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64, .int32, .int64] }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let dtype = call.operands[0].type.dtype
    let dims = call.results[0].type.dims
    if call.results[0].type.count == 0 { return }
    let (a, b) = (builder.view(call.operands[0]), builder.view(call.operands[1]))
    let batch = MatMulBatch(Array(dims.dropLast(2)), a, b)
    let (m, n, k) = (dims[dims.count - 2], dims[dims.count - 1], a.dims[a.dims.count - 1])
    let work = ([m, n, k] + batch.sizes).reduce(1) { $0.timesClamped($1) }
    // The library divides by extents that it holds in 32 bits.
    let isCountable = max(m, n, k) <= Int32.max
    let size = dtype.byteCount
    let left = BufferRef(buffer: a.buffer, byteOffset: a.offset * size)
    let right = BufferRef(buffer: b.buffer, byteOffset: b.offset * size)
    let result = builder.output(call.results[0])
    let label = "matmul \(batch.sizes.isEmpty ? "" : "\(batch.sizes) × ")\(m)×\(k)×\(n)"
    if m > 1, n > 1, isCountable, !builder.deterministic,
      builder.prefersOneDNN(dtype, multiplyAdds: work)
    {
      var problem = MatMulProblem(
        element: .float32, batch: batch.sizes, m: m, n: n, k: k,
        aStrides: batch.a + a.strides.suffix(2), bStrides: batch.b + b.strides.suffix(2),
        threads: builder.threads)
      problem.packsWeights = builder.fusion.stands(call.operands[1].id)
      if let kernel = OneDNN.matmul(problem),
        let weights = builder.packed(right, of: call.operands[1], for: kernel)
      {
        builder.emit(kernel, [left, weights, result], label: label, multiplyAdds: work)
        return
      }
    }
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
    (params.m, params.n, params.k) = (Int64(m), Int64(n), Int64(k))
    params.a_row_stride = Int64(a.strides[a.strides.count - 2])
    params.a_column_stride = Int64(a.strides[a.strides.count - 1])
    params.b_row_stride = Int64(b.strides[b.strides.count - 2])
    params.b_column_stride = Int64(b.strides[b.strides.count - 1])
    params.c_row_stride = Int64(n)
    params.c_batch_stride = Int64(m * n)
    params.batch_rank = Int32(batch.sizes.count)
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
      kernel, params, [left, right, nil, result] + scratch, label: label, multiplyAdds: work)
  }
}

/// The batch axes of a product, with neighbours merged where both operands step evenly.
private struct MatMulBatch {
  var sizes: [Int] = []
  var a: [Int] = []
  var b: [Int] = []

  init(_ dims: [Int], _ left: StridedView, _ right: StridedView) {
    for (axis, size) in dims.enumerated() where size != 1 {
      let a = Self.stride(left, fromMatrix: dims.count - axis)
      let b = Self.stride(right, fromMatrix: dims.count - axis)
      if let last = sizes.indices.last, self.a[last] == a * size, self.b[last] == b * size {
        sizes[last] *= size
        (self.a[last], self.b[last]) = (a, b)
      } else {
        sizes.append(size)
        self.a.append(a)
        self.b.append(b)
      }
    }
  }

  /// The stride of the batch axis that many places before the matrix; 0 where one repeats.
  private static func stride(_ view: StridedView, fromMatrix place: Int) -> Int {
    let axis = view.dims.count - 2 - place
    return axis < 0 || view.dims[axis] == 1 ? 0 : view.strides[axis]
  }
}
