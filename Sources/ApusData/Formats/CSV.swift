import ApusCore
import SwiftCSV

/// A table of text read from comma-separated values.
///
/// Quoted fields may hold delimiters, line feeds and doubled quotes (RFC 4180). Blanks before a
/// field and empty lines are skipped. Rows count from 1, without the header.
public struct CSVTable: Sendable, Hashable {
  public let source: String
  /// Column names: the header's, or `"1"`, `"2"`, … without one.
  public let columns: [String]
  public let rows: [[String]]

  /// Reads the file at `path`, decompressing gzip.
  ///
  /// - Throws: `DataError` for a missing file, text that is not UTF-8, unbalanced quotes, or a row
  ///   whose number of fields differs from the first.
  public init(
    path: String, delimiter: Character = ",", hasHeader: Bool = true
  ) throws {
    try self.init(
      bytes: FileBytes.readUnzipped(path), source: path, delimiter: delimiter,
      hasHeader: hasHeader)
  }

  /// Parses the bytes of a file; `source` names them in errors.
  public init(
    bytes: [UInt8], source: String, delimiter: Character = ",", hasHeader: Bool = true
  ) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(source, .corrupt("the text is not UTF-8"))
    }
    let parsed = try Self.parse(text, delimiter, hasHeader ? 1 : 0, source: source)
    guard let first = parsed.first else { throw DataError(source, .corrupt("the table is empty")) }
    let names = hasHeader ? first : (1...first.count).map(String.init)
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw DataError(source, .corrupt("two columns are named \"\(name)\""))
    }
    let body = Array(parsed.dropFirst(hasHeader ? 1 : 0))
    for (index, row) in body.enumerated() where row.count != names.count {
      throw DataError(
        source,
        .row(
          index + 1, problem: "\(row.count) fields, there are \(names.count) columns"))
    }
    self.source = source
    self.columns = names
    self.rows = body
  }

  /// Returns the rows with their true number of fields; the library's own view pads short ones.
  private static func parse(
    _ text: String, _ delimiter: Character, _ headerRows: Int, source: String
  ) throws -> [[String]] {
    // The library accepts a quote that never closes, and drops an empty last field without a
    // line feed after it.
    guard text.utf8.reduce(0, { $0 + ($1 == 0x22 ? 1 : 0) }) % 2 == 0 else {
      throw DataError(source, .corrupt("a quote is opened and never closed"))
    }
    let complete = text.last?.isNewline == false ? text + "\n" : text
    var rows: [[String]] = []
    do {
      let csv = try CSV<Enumerated>(
        string: complete, delimiter: .character(delimiter), loadColumns: false, rowLimit: 0)
      try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { if $0 != [""] { rows.append($0) } }
    } catch {
      throw DataError(
        source,
        .row(
          rows.count + 1 - headerRows, problem: "text before or after a quoted field"))
    }
    return rows
  }
}

extension CSVTable {
  /// Returns the texts of one column.
  ///
  /// - Throws: `DataError` naming the columns there are.
  public func strings(_ column: String) throws -> [String] {
    let index = try position(of: column)
    return rows.map { $0[index] }
  }

  /// Returns columns as numbers: `[rows, columns]`, `float32`.
  ///
  /// - Throws: `DataError` naming row, column and text of a cell that is empty, not a number or
  ///   NaN.
  public func numbers(_ names: [String]) throws -> HostArray {
    let positions = try names.map(position)
    var values: [Float] = []
    values.reserveCapacity(rows.count * names.count)
    for (index, row) in rows.enumerated() {
      for position in positions {
        let text = row[position]
        guard let value = Float(text.filter { $0 != " " }), !value.isNaN else {
          throw DataError(
            source,
            .cell(
              row: index + 1, column: columns[position],
              problem: text.isEmpty ? "is empty" : "\"\(text)\" is not a number"))
        }
        values.append(value)
      }
    }
    return try HostArray(
      dtype: .float32, shape: [rows.count, names.count],
      bytes: values.withUnsafeBytes { Array($0) }, source: source)
  }

  private func position(of column: String) throws -> Int {
    guard let index = columns.firstIndex(of: column) else {
      throw DataError(source, .unknown(kind: "column", name: column, known: columns))
    }
    return index
  }
}
