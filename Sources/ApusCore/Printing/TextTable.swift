/// Rows of text set in columns.
package struct TextTable {
  /// A column: its title, and whether it holds numbers, which end at the same place.
  package struct Column {
    let title: String
    let isNumber: Bool

    package static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
    package static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  private let columns: [Column]
  package var rows: [[String]] = []
  /// Rows below the others, set apart by a line.
  package var totals: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  package var lines: [String] {
    let titles = columns.map(\.title)
    let widths = columns.indices.map { column in
      ([titles] + rows + totals).map { $0[column].count }.max() ?? 0
    }
    func line(_ row: [String]) -> String {
      let cells = row.enumerated().map { column, text in
        let blank = String(repeating: " ", count: widths[column] - text.count)
        return columns[column].isNumber ? blank + text : text + blank
      }
      let text = cells.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    let below = totals.isEmpty ? [] : [rule] + totals.map(line)
    return [line(titles), rule] + rows.map(line) + below
  }
}

/// Numbers as text.
package enum NumberText {
  /// Digits in groups of three.
  package static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0, digit != "-" { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }

  /// A number with so many digits after the point.
  package static func decimal(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    guard let scaled = Int64(exactly: (value.magnitude * scale).rounded()) else {
      return "\(value)"
    }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    let whole = "\(scaled / Int64(scale))"
    if digits == 0 { return sign + whole }
    let fraction = "\(scaled % Int64(scale))"
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return sign + whole + "." + zeros + fraction
  }
}
