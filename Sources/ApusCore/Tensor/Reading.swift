extension Tensor {
  /// Evaluates the tensor if necessary and returns its elements in row-major order, converted to
  /// `Scalar` when the dtype differs.
  public func scalars<Scalar: TensorScalar>(
    as type: Scalar.Type = Float.self
  ) throws(TensorError) -> [Scalar] {
    try withBytes { bytes in self.dtype.scalarType.read(bytes, as: Scalar.self) }
  }

  /// Evaluates a tensor of one element and returns it.
  public func scalar<Scalar: TensorScalar>(
    as type: Scalar.Type = Float.self, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Scalar {
    let values = try scalars(as: type)
    guard values.count == 1 else {
      throw TensorError(
        operation: "scalar", reason: "needs one element, has \(values.count)",
        operands: [.init(name: "x", type: self.type)], site: CallSite(file: file, line: line))
    }
    return values[0]
  }

  /// Evaluates the tensor and returns its bytes in row-major, native order.
  public func bytes() throws(TensorError) -> [UInt8] {
    try withBytes { Array($0) }
  }

  /// Evaluates the tensor and calls `body` with its bytes.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(TensorError) -> R {
    let storage = try evaluatedStorage()
    let pointer = try storage.onHost()
    return withExtendedLifetime(storage) {
      body(UnsafeRawBufferPointer(start: pointer, count: type.byteCount))
    }
  }

  /// The evaluated elements' storage, wherever they lie.
  package func evaluatedStorage() throws(TensorError) -> Storage {
    try eval([self])
    guard let storage = node.storage(of: result) else {
      throw TensorError(operation: "eval", reason: "the executor gave no value for \(type)")
    }
    return storage
  }
}

extension TensorScalar {
  /// Reads memory holding elements of `Self` as another scalar type.
  static func read<Scalar: TensorScalar>(
    _ bytes: UnsafeRawBufferPointer, as type: Scalar.Type
  ) -> [Scalar] {
    let source = bytes.assumingMemoryBound(to: Self.self)
    if Self.self == Scalar.self { return source.map { unsafeBitCast($0, to: Scalar.self) } }
    if Self.dtype.isInteger { return source.map { Scalar(lossy: $0.asInt64) } }
    return source.map { Scalar(lossy: $0.asDouble) }
  }
}
