import ApusCore

extension Summary {
  /// A table: a row per layer, then the totals.
  public var description: String {
    var table = TextTable([
      .text("layer"), .text(""), .text("output"), .number("parameters"), .number("multiply-adds"),
      .number("activation bytes"),
    ])
    table.rows = rows.map { row in
      [
        row.path.isEmpty ? "(model)" : row.path, row.layer + row.mark, "\(row.output)",
        NumberText.grouped(row.parameters), NumberText.grouped(row.multiplyAdds),
        NumberText.grouped(row.activationBytes),
      ]
    }
    table.totals = [
      [
        "total", "", "", NumberText.grouped(parameterCount), NumberText.grouped(multiplyAdds),
        NumberText.grouped(activationBytes),
      ]
    ]
    var lines = table.lines
    if trainableCount != parameterCount {
      lines.append("trainable: \(NumberText.grouped(trainableCount))")
    }
    return lines.joined(separator: "\n")
  }
}

extension Summary.Row {
  /// Tells of parameters that training leaves alone.
  fileprivate var mark: String {
    if trainableParameters == parameters { return "" }
    return trainableParameters == 0 ? " frozen" : " partly frozen"
  }
}
