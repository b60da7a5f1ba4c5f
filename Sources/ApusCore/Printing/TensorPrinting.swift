extension Tensor: CustomStringConvertible {
  /// The type and the values, evaluated if necessary; the mistake of a failed tensor.
  ///
  /// Long axes show their first and last three entries.
  public var description: String {
    if let error { return "failed tensor: \(error)" }
    if node.isTraced { return "\(type) (being traced)" }
    do {
      let values = try printedElements()
      if rank == 0 { return "\(dtype) \(values[0])" }
      let width = values.filter { !$0.isEmpty }.map(\.count).max() ?? 0
      var formatter = TensorFormatter(dims: shape.dims, elements: values, width: width)
      return "\(type) " + formatter.body()
    } catch {
      return "failed tensor: \(error)"
    }
  }

  /// Every element as text; elements that are not shown stay empty.
  private func printedElements() throws(TensorError) -> [String] {
    if dtype == .bool { return try scalars(as: Bool.self).map(String.init) }
    if dtype.isInteger { return try scalars(as: Int64.self).map(String.init) }
    if dtype == .float64 { return try scalars(as: Double.self).map { compact($0) } }
    return try scalars(as: Float.self).map { compact(Double($0)) }
  }

  /// A number with about five significant digits.
  private func compact(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    let magnitude = Swift.abs(value)
    guard magnitude >= 1e-4, magnitude < 1e7 else { return "\(Float(value))" }
    var scale = 1.0
    var bound = 10.0
    while scale < 1e8, magnitude * scale < 1e4, bound < 1e8 {
      scale *= 10
      bound *= 10
    }
    return "\((value * scale).rounded() / scale)"
  }
}

/// Lays rows out in brackets, aligned, with long axes shortened.
private struct TensorFormatter {
  let dims: [Int]
  let elements: [String]
  let width: Int
  private let edge = 3

  mutating func body() -> String { rows(axis: 0, offset: 0, indent: " ") }

  private func rows(axis: Int, offset: Int, indent: String) -> String {
    let extent = dims[axis]
    let step = dims[(axis + 1)...].reduce(1, *)
    let isShortened = extent > 2 * edge + 2
    let shown = isShortened ? Array(0..<edge) + Array((extent - edge)..<extent) : Array(0..<extent)
    var parts = shown.map { index in
      axis == dims.count - 1
        ? padded(elements[offset + index])
        : rows(axis: axis + 1, offset: offset + index * step, indent: indent + " ")
    }
    if isShortened { parts.insert("…", at: edge) }
    let separator = axis == dims.count - 1 ? ", " : ",\n" + indent
    return "[" + parts.joined(separator: separator) + "]"
  }

  private func padded(_ text: String) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
