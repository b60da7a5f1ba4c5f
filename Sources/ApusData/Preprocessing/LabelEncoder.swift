/// Numbers the distinct labels of a column: sorted, from 0.
public struct LabelEncoder: Sendable, Hashable, Codable {
  /// The label of every code.
  public let classes: [String]

  /// Learns the labels of a column.
  ///
  /// - Throws: `DataError` when there are none.
  public init(fitting labels: [String]) throws {
    guard !labels.isEmpty else {
      throw DataError("label encoder", .mismatch("there are no labels"))
    }
    classes = Set(labels).sorted()
  }

  /// Returns the codes of labels.
  ///
  /// - Throws: `DataError` naming the first unknown label and its row.
  public func codes(_ labels: [String]) throws -> [Int32] {
    let codes = Dictionary(
      zip(classes, Int32(0)...), uniquingKeysWith: { first, _ in first })
    return try labels.enumerated().map { index, label in
      guard let code = codes[label] else {
        throw DataError(
          "label encoder",
          .row(
            index + 1,
            problem: DataError.Fact.unknown(
              kind: "label", name: label, known: classes
            ).wording))
      }
      return code
    }
  }

  /// Returns the labels of codes.
  ///
  /// - Throws: `DataError` naming the first code out of range and its row.
  public func labels(_ codes: [Int32]) throws -> [String] {
    try codes.enumerated().map { index, code in
      guard classes.indices.contains(Int(code)) else {
        throw DataError(
          "label encoder",
          .row(
            index + 1, problem: "code \(code) is out of range, there are \(classes.count) labels"))
      }
      return classes[Int(code)]
    }
  }
}
