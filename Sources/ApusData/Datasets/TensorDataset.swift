import ApusCore

/// Named arrays whose first axes run over the same samples: inputs, targets, weights.
///
/// Values live in host memory, so that a batch is gathered by copying rows. Subsets, splits and
/// shuffles share them and only hold indices.
///
/// - Shape: column `c` holds `[count, element shape of c…]`.
public struct TensorDataset: Sendable {
  /// The columns in the order they were given.
  public let columns: [ColumnType]
  /// The number of samples.
  public let count: Int

  let arrays: [HostArray]
  /// Where sample `i` stands in `arrays`; `nil` when at row `i`.
  let rows: [Int]?

  /// Creates a data set of named arrays.
  ///
  /// - Throws: `DataError` without columns or samples, for scalars, repeated names, or first axes
  ///   that differ.
  public init(_ arrays: KeyValuePairs<String, HostArray>) throws {
    guard let first = arrays.first else {
      throw DataError("data set", .mismatch("has no columns"))
    }
    for (index, (name, array)) in arrays.enumerated() {
      guard let count = array.shape.first else {
        throw DataError("data set", .mismatch("\"\(name)\" is a scalar, without a sample axis"))
      }
      guard count == first.value.shape[0] else {
        throw DataError(
          "data set",
          .mismatch(
            "sample counts differ: \"\(first.key)\" has \(first.value.shape[0]), "
              + "\"\(name)\" has \(count)"))
      }
      if let violation = TensorType(array.dtype, array.shape).sizeViolation {
        throw DataError("data set", .mismatch("\"\(name)\": \(violation.reason)"))
      }
      guard count > 0 else { throw DataError("data set", .mismatch("\"\(name)\" is empty")) }
      guard !arrays.prefix(index).contains(where: { $0.key == name }) else {
        throw DataError("data set", .mismatch("two columns are named \"\(name)\""))
      }
    }
    self.init(
      columns: arrays.map { ColumnType(name: $0.key, rowsOf: $0.value) },
      arrays: arrays.map(\.value), rows: nil, count: first.value.shape[0])
  }

  /// Creates a data set of two columns, `"inputs"` and `"targets"`.
  ///
  /// - Throws: The tensors' own error, or `DataError` as above.
  public init(inputs: Tensor, targets: Tensor) throws {
    try self.init(["inputs": HostArray(inputs), "targets": HostArray(targets)])
  }

  init(columns: [ColumnType], arrays: [HostArray], rows: [Int]?, count: Int) {
    self.columns = columns
    self.arrays = arrays
    self.rows = rows
    self.count = count
  }

  /// Returns one column, in the order of this data set, as `[count, …]`.
  ///
  /// - Throws: `DataError` naming the columns there are.
  public func array(_ name: String) throws -> HostArray {
    let index = try position(of: name)
    guard let rows else { return arrays[index] }
    let width = columns[index].byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * width)
    for row in rows { bytes += arrays[index].bytes[(row * width)..<((row + 1) * width)] }
    return try HostArray(
      dtype: columns[index].dtype, shape: [count] + columns[index].shape, bytes: bytes)
  }

  /// Returns one column as a tensor.
  public func tensor(_ name: String) throws -> Tensor { try array(name).tensor }

  /// Returns the data set with one column replaced, such as by its scaled values.
  ///
  /// - Throws: `DataError` for an unknown name or another number of samples.
  public func replacing(_ name: String, with array: HostArray) throws -> TensorDataset {
    let index = try position(of: name)
    guard array.shape.first == count else {
      throw DataError(
        "data set",
        .mismatch(
          "sample counts differ: \"\(name)\" has \(count), its replacement has shape \(array.shape)"
        ))
    }
    if let violation = TensorType(array.dtype, array.shape).sizeViolation {
      throw DataError("data set", .mismatch("\"\(name)\": \(violation.reason)"))
    }
    var arrays = try columns.map { try self.array($0.name) }
    var columns = columns
    arrays[index] = array
    columns[index] = ColumnType(name: name, rowsOf: array)
    return TensorDataset(columns: columns, arrays: arrays, rows: nil, count: count)
  }

  func position(of name: String) throws -> Int {
    guard let index = columns.firstIndex(where: { $0.name == name }) else {
      throw DataError(
        "data set", .unknown(kind: "column", name: name, known: columns.map(\.name)))
    }
    return index
  }

  /// The row of `arrays` where sample `index` stands.
  func row(of index: Int) -> Int { rows.map { $0[index] } ?? index }
}

/// The type of one sample in one column.
public struct ColumnType: Sendable, Hashable {
  public let name: String
  public let dtype: DType
  /// The shape of one sample, without the sample axis.
  public let shape: [Int]
  /// Bytes of one sample.
  public let byteCount: Int

  init(name: String, rowsOf array: HostArray) {
    self.name = name
    self.dtype = array.dtype
    self.shape = Array(array.shape.dropFirst())
    self.byteCount = array.shape[0] > 0 ? array.bytes.count / array.shape[0] : 0
  }
}
