import ApusCore

/// Class codes as rows of zeros with one 1.
public enum OneHot {
  /// Returns `y[i, c] = 1` where `c = codes[i]`, else 0.
  ///
  /// - Shape: `codes[N] → y[N, classes]`, or `y[N, classes - 1]` when dropping the first column,
  ///   which keeps the columns of a linear model independent.
  /// - Throws: `DataError` naming the first code out of range and its row.
  public static func encode(
    _ codes: [Int32], classes: Int, droppingFirst: Bool = false
  ) throws -> HostArray {
    let skipped = droppingFirst ? 1 : 0
    let width = max(skipped, classes) - skipped
    for (row, code) in codes.enumerated() where code < 0 || code >= classes {
      throw DataError(
        "one-hot",
        .row(
          row + 1, problem: "code \(code) is out of range, there are \(classes) classes"))
    }
    try Room.check(
      HostArray.byteCount(dtype: .float32, shape: [codes.count, width], source: "one-hot"),
      source: "one-hot")
    var values = [Float](repeating: 0, count: codes.count * width)
    for (row, code) in codes.enumerated() {
      let column = Int(code) - skipped
      if column >= 0 { values[row * width + column] = 1 }
    }
    return try HostArray(
      dtype: .float32, shape: [codes.count, width], bytes: values.withUnsafeBytes { Array($0) },
      source: "one-hot")
  }
}
