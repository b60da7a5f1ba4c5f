extension Summary {
  /// A table: a row per layer, then the totals.
  public var description: String {
    let head = ["layer", "", "output", "parameters", "multiply-adds", "activation bytes"]
    var cells = rows.map { row in
      [
        row.path.isEmpty ? "(model)" : row.path, row.layer + row.mark, "\(row.output)",
        Self.grouped(row.parameters), Self.grouped(row.multiplyAdds),
        Self.grouped(row.activationBytes),
      ]
    }
    cells.append([
      "total", "", "", Self.grouped(parameterCount), Self.grouped(multiplyAdds),
      Self.grouped(activationBytes),
    ])
    let widths = head.indices.map { column in
      ([head] + cells).map { $0[column].count }.max() ?? 0
    }
    func line(_ row: [String]) -> String {
      let padded = row.enumerated().map { column, text in
        let blank = String(repeating: " ", count: max(widths[column] - text.count, 0))
        return column < 3 ? text + blank : blank + text
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    var lines = [line(head), rule] + cells.dropLast().map(line)
    lines += [rule] + cells.suffix(1).map(line)
    if trainableCount != parameterCount {
      lines.append("trainable: \(Self.grouped(trainableCount))")
    }
    return lines.joined(separator: "\n")
  }

  /// Digits in groups of three.
  static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0, digit != "-" { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }
}

extension Summary.Row {
  /// Tells of parameters that training leaves alone.
  fileprivate var mark: String {
    if trainableParameters == parameters { return "" }
    return trainableParameters == 0 ? " frozen" : " partly frozen"
  }
}
