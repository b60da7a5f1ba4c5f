import CApusDynamic

/// `a[batch…, m, k] · b[batch…, k, n] (+ bias[n]) → c[batch…, m, n]`, `c` contiguous.
struct MatMulProblem: Hashable, Sendable {
  var element: OneDNN.Element
  var batch: [Int]
  var m: Int
  var n: Int
  var k: Int
  /// Elements to skip per step along `batch…, m, k`; 0 along a batch axis repeats the matrix.
  var aStrides: [Int]
  /// Elements to skip per step along `batch…, k, n`; 0 along a batch axis repeats the matrix.
  var bStrides: [Int]
  var hasBias = false
  var activation = OneDNN.Activation.linear
  /// The type of `c`, where it differs from `element`.
  var result: OneDNN.Element?
  /// Whether `b` may be taken in an order of the library's own: see ``OneDNNKernel/packedBytes``.
  var packsWeights = false
  var threads: Int

  /// A product of contiguous operands.
  init(
    element: OneDNN.Element, batch: [Int] = [], m: Int, n: Int, k: Int, hasBias: Bool = false,
    activation: OneDNN.Activation = .linear, threads: Int
  ) {
    self.init(
      element: element, batch: batch, m: m, n: n, k: k,
      aStrides: contiguousStrides(batch + [m, k]), bStrides: contiguousStrides(batch + [k, n]),
      hasBias: hasBias, activation: activation, threads: threads)
  }

  init(
    element: OneDNN.Element, batch: [Int], m: Int, n: Int, k: Int, aStrides: [Int],
    bStrides: [Int], hasBias: Bool = false, activation: OneDNN.Activation = .linear, threads: Int
  ) {
    self.element = element
    self.batch = batch
    self.m = m
    self.n = n
    self.k = k
    self.aStrides = aStrides
    self.bStrides = bStrides
    self.hasBias = hasBias
    self.activation = activation
    self.threads = threads
  }
}

extension OneDNN {
  /// Returns the kernel for a product, or nil where the planner should use its own.
  ///
  /// Buffers: `a, b, [bias,] c, scratch`; `b` packed where the kernel wants that.
  static func matmul(_ problem: MatMulProblem) -> OneDNNKernel? {
    guard isAvailable, let shape = BatchedMatrices(problem) else { return nil }
    var native = apus_onednn_matmul()
    native.type = problem.element.code
    native.result_type = (problem.result ?? problem.element).code
    native.threads = Int32(clamping: shape.isSmall ? 1 : problem.threads)
    native.rank = Int32(shape.batch.count + 2)
    native.activation = Int32(problem.activation.code.rawValue)
    native.has_bias = problem.hasBias
    native.packs_b = problem.packsWeights && shape.batch.isEmpty
    let sizes = shape.batch.map(\.size)
    copy(shape.batch.map { $0.a == 0 ? 1 : $0.size } + [shape.m, shape.k], to: &native.a_sizes)
    copy(shape.batch.map { $0.b == 0 ? 1 : $0.size } + [shape.k, shape.n], to: &native.b_sizes)
    copy(sizes + [shape.m, shape.n], to: &native.c_sizes)
    // A repeated matrix is an axis of size 1 to the library, whose stride is never used.
    copy(
      shape.batch.map { $0.a == 0 ? shape.m * shape.k : $0.a } + [shape.a.row, shape.a.column],
      to: &native.a_strides)
    copy(
      shape.batch.map { $0.b == 0 ? shape.k * shape.n : $0.b } + [shape.b.row, shape.b.column],
      to: &native.b_strides)
    let kernel = OneDNNKernel(apus_onednn_create_matmul(&native))
    return kernel.flatMap { problem.element.isMultiplied(by: $0.implementation) ? $0 : nil }
  }
}

/// A product with as few batch axes as its strides allow, in forms the library has fast code for.
private struct BatchedMatrices {
  struct Axis {
    var size: Int
    var a: Int
    var b: Int
  }
  struct Strides {
    var row: Int
    var column: Int
  }

  var batch: [Axis] = []
  var m: Int
  var n: Int
  var k: Int
  var a: Strides
  var b: Strides

  init?(_ problem: MatMulProblem) {
    let rank = problem.batch.count + 2
    guard problem.aStrides.count == rank, problem.bStrides.count == rank,
      (problem.batch + [problem.m, problem.n, problem.k]).allSatisfy({ $0 > 0 })
    else { return nil }
    (m, n, k) = (problem.m, problem.n, problem.k)
    a = Strides(row: problem.aStrides[rank - 2], column: problem.aStrides[rank - 1])
    b = Strides(row: problem.bStrides[rank - 2], column: problem.bStrides[rank - 1])
    for (i, size) in problem.batch.enumerated() where size > 1 {
      let axis = Axis(size: size, a: problem.aStrides[i], b: problem.bStrides[i])
      if let outer = batch.last, outer.a == axis.a * size, outer.b == axis.b * size {
        batch[batch.count - 1] = Axis(size: outer.size * size, a: axis.a, b: axis.b)
      } else {
        batch.append(axis)
      }
    }
    // Rows of all matrices that meet the same right-hand side are the rows of one matrix.
    while let axis = batch.last, axis.b == 0, m == 1 || axis.a == m * a.row {
      if m == 1 { a.row = axis.a }
      m *= axis.size
      batch.removeLast()
    }
    guard batch.count + 2 <= 12, let a = Self.usable(a, rows: m, columns: k),
      let b = Self.usable(b, rows: k, columns: n)
    else { return nil }
    (self.a, self.b) = (a, b)
  }

  /// True if waking a second thread costs more than it saves (a few microseconds of work).
  var isSmall: Bool {
    let repeats = batch.reduce(1.0) { $0 * Double($1.size) }
    return repeats * Double(m) * Double(n) * Double(k) < 262_144
  }

  /// The strides of a row-major or column-major matrix, those of axes of size 1 made regular.
  static func usable(_ strides: Strides, rows: Int, columns: Int) -> Strides? {
    var result = strides
    if rows == 1 && columns == 1 {
      result = Strides(row: 1, column: 1)
    } else if rows == 1 {
      result.row = strides.column == 1 ? columns : 1
    } else if columns == 1 {
      result.column = strides.row == 1 ? rows : 1
    }
    let isRowMajor = result.column == 1 && result.row >= columns
    let isColumnMajor = result.row == 1 && result.column >= rows
    return isRowMajor || isColumnMajor ? result : nil
  }
}

private func contiguousStrides(_ sizes: [Int]) -> [Int] {
  var stride = 1
  return Array(
    sizes.reversed().map { size in
      defer { stride *= size }
      return stride
    }.reversed())
}

/// Copies values to the front of a C array.
private func copy<Fixed>(_ values: [Int], to array: inout Fixed) {
  withUnsafeMutableBytes(of: &array) { bytes in
    let target = bytes.bindMemory(to: Int64.self)
    for (i, value) in values.enumerated() { target[i] = Int64(value) }
  }
}
