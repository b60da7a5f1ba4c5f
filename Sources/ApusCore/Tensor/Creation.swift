extension Tensor {
  /// Creates a tensor from scalars in row-major order.
  ///
  /// - Shape: `[count]` unless given. Fails when the shape does not hold that many scalars.
  public init<Scalar: TensorScalar>(
    _ scalars: [Scalar], shape: Shape? = nil, dtype: DType? = nil, file: String = #fileID,
    line: Int = #line
  ) {
    let shape = shape ?? [scalars.count]
    let type = TensorType(Scalar.dtype, shape)
    guard shape.dims.allSatisfy({ $0 >= 0 }), shape.count == scalars.count else {
      self.init(
        creation: "\(scalars.count) scalars do not fill shape \(shape), which holds \(shape.count)",
        file, line)
      return
    }
    if let violation = type.sizeViolation {
      self.init(creation: violation.reason, file, line)
      return
    }
    guard let storage = Storage(uninitialized: type.byteCount) else {
      self.init(creation: "no memory for \(type.byteCount) bytes", file, line)
      return
    }
    scalars.withUnsafeBytes {
      guard let base = $0.baseAddress else { return }
      storage.pointer.copyMemory(from: base, byteCount: $0.count)
    }
    self.init(storage: storage, type: type)
    if let dtype { self = converted(to: dtype) }
  }

  /// Creates a tensor from raw bytes in row-major order and native byte order.
  public init(
    bytes: [UInt8], dtype: DType, shape: Shape, file: String = #fileID, line: Int = #line
  ) {
    let type = TensorType(dtype, shape)
    guard shape.dims.allSatisfy({ $0 >= 0 }), type.byteCount == bytes.count else {
      self.init(creation: "\(type) holds \(type.byteCount) bytes, not \(bytes.count)", file, line)
      return
    }
    if let violation = type.sizeViolation {
      self.init(creation: violation.reason, file, line)
      return
    }
    guard let storage = Storage(uninitialized: type.byteCount) else {
      self.init(creation: "no memory for \(type.byteCount) bytes", file, line)
      return
    }
    bytes.withUnsafeBytes {
      guard let base = $0.baseAddress else { return }
      storage.pointer.copyMemory(from: base, byteCount: $0.count)
    }
    self.init(storage: storage, type: type)
  }

  /// Creates a scalar tensor.
  public init(_ value: Double, dtype: DType = .float32) {
    self.init(repeating: value, shape: [], dtype: dtype)
  }

  /// Creates a tensor with one value in every element.
  public init(
    repeating value: Double, shape: Shape, dtype: DType = .float32, file: String = #fileID,
    line: Int = #line
  ) {
    self = apply(
      Constant(Literal(value), TensorType(dtype, shape)), [], at: CallSite(file: file, line: line))
  }

  /// Creates a tensor of the type of `other` with one value in every element.
  public init(_ value: Double, like other: Tensor) {
    self = other.error != nil ? other : apply(Constant(Literal(value), other.type), [])
  }

  /// Creates a tensor of one 64-bit integer, exact beyond 2⁵³.
  public init(integer value: Int64, dtype: DType = .int64) {
    self = apply(Constant(Literal(value), TensorType(dtype, [])), [])
  }

  /// Returns a tensor of zeros.
  public static func zeros(
    _ shape: Shape, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype, file: file, line: line)
  }

  /// Returns a tensor of ones.
  public static func ones(
    _ shape: Shape, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    Tensor(repeating: 1, shape: shape, dtype: dtype, file: file, line: line)
  }

  /// Returns the numbers `0, 1, …, count - 1`.
  public static func range(
    _ count: Int, dtype: DType = .int32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    iota([count], axis: 0, dtype: dtype, file: file, line: line)
  }

  /// Returns a tensor whose elements are their coordinates along an axis.
  public static func iota(
    _ shape: Shape, axis: Int, dtype: DType = .int32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    // Out of range, the axis stays what the caller wrote, and is refused.
    let place = axis < 0 && axis + shape.rank >= 0 ? axis + shape.rank : axis
    return apply(
      Iota(type: TensorType(dtype, shape), axis: place), [], at: CallSite(file: file, line: line))
  }

  /// Returns `count` numbers from `start` to `end` inclusive, evenly spaced.
  public static func linspace(
    from start: Double, to end: Double, count: Int, dtype: DType = .float32,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    // In float64, so that narrow floats and integers are rounded once, at the end.
    let step = count > 1 ? (end - start) / Double(count - 1) : 0
    return (range(count, dtype: .float64, file: file, line: line) * step + start).converted(
      to: dtype)
  }

  /// Returns the identity matrix, or a batch of rows of it.
  public static func identity(
    _ size: Int, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let rows = iota([size, size], axis: 0, file: file, line: line)
    return (rows .== iota([size, size], axis: 1)).converted(to: dtype)
  }

  private init(creation reason: String, _ file: String, _ line: Int) {
    self.init(
      error: TensorError(
        operation: "Tensor", reason: reason, layerPath: LayerScope.current?.path,
        site: CallSite(file: file, line: line)))
  }
}
