import ApusCore

/// A product of matrices as they lie in memory: extents, batch axes and strides.
struct MatMulShape {
  let batch: MatMulBatch
  let m: Int
  let n: Int
  let k: Int
  let a: StridedView
  let b: StridedView

  init(_ result: TensorType, _ a: StridedView, _ b: StridedView) {
    let dims = result.dims
    batch = MatMulBatch(Array(dims.dropLast(2)), a, b)
    (m, n, k) = (dims[dims.count - 2], dims[dims.count - 1], a.dims[a.dims.count - 1])
    (self.a, self.b) = (a, b)
  }

  var multiplyAdds: Int { ([m, n, k] + batch.sizes).reduce(1) { $0.timesClamped($1) } }

  var label: String { "matmul \(batch.sizes.isEmpty ? "" : "\(batch.sizes) × ")\(m)×\(k)×\(n)" }

  func left(_ dtype: DType) -> BufferRef {
    BufferRef(buffer: a.buffer, byteOffset: a.offset * dtype.byteCount)
  }

  func right(_ dtype: DType) -> BufferRef {
    BufferRef(buffer: b.buffer, byteOffset: b.offset * dtype.byteCount)
  }

  /// The problem for the library, where it may be the better choice.
  func problem(
    _ element: DType, _ result: DType, _ configuration: CPUConfiguration
  ) -> MatMulProblem? {
    // The library divides by extents that it holds in 32 bits.
    let isCountable = max(m, n, k) <= Int32.max
    // Own kernels take single rows and columns, but none of them 16-bit floats.
    guard element.isHalf || (m > 1 && n > 1), isCountable, !configuration.isDeterministic,
      configuration.prefersOneDNN(element, m: m, n: n, multiplyAdds: multiplyAdds),
      let (given, made) = element.element.flatMap({ e in result.element.map { (e, $0) } })
    else { return nil }
    var problem = MatMulProblem(
      element: given, batch: batch.sizes, m: m, n: n, k: k,
      aStrides: batch.a + a.strides.suffix(2), bStrides: batch.b + b.strides.suffix(2),
      threads: configuration.threads)
    problem.result = made
    return problem
  }
}

/// The batch axes of a product, with neighbours merged where both operands step evenly.
struct MatMulBatch {
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
