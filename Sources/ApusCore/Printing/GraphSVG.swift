extension Graph {
  /// The graph as a drawing in SVG: boxes are operations with the type they give, operands above.
  ///
  /// ```swift
  /// try loss.graph().svg.write(toFile: "loss.svg", atomically: true, encoding: .utf8)
  /// ```
  public var svg: String {
    let layout = GraphLayout(self)
    let (size, gap) = (GraphLayout.size, GraphLayout.gap)
    let widest = Double(layout.rows.map(\.count).max() ?? 1)
    let width = widest * (size.width + gap.x) + gap.x
    let height = Double(layout.rows.count) * (size.height + gap.y) + gap.y
    func corner(_ box: GraphLayout.Box) -> (x: Double, y: Double) {
      (
        width / 2 + box.column * (size.width + gap.x) - size.width / 2,
        gap.y + Double(box.row) * (size.height + gap.y)
      )
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
        + "font-family=\"monospace\" font-size=\"12\" text-anchor=\"middle\">",
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
        + "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>",
    ]
    for (from, to) in layout.edges {
      let (a, b) = (corner(layout.boxes[from]), corner(layout.boxes[to]))
      let start = (x: a.x + size.width / 2, y: a.y + size.height)
      let end = (x: b.x + size.width / 2, y: b.y)
      let middle = (start.y + end.y) / 2
      lines.append(
        "<path d=\"M\(start.x) \(start.y) C\(start.x) \(middle) \(end.x) \(middle) "
          + "\(end.x) \(end.y)\" fill=\"none\" stroke=\"#888\" marker-end=\"url(#tip)\"/>")
    }
    for box in layout.boxes {
      let place = corner(box)
      let center = place.x + size.width / 2
      lines += [
        "<g><title>\(box.title.escaped) \(box.subtitle.escaped)</title>"
          + "<rect x=\"\(place.x)\" y=\"\(place.y)\" width=\"\(size.width)\" "
          + "height=\"\(size.height)\" rx=\"\(box.isRound ? 20 : 4)\" fill=\"#fff\" "
          + "stroke=\"#333\"/>",
        "<text x=\"\(center)\" y=\"\(place.y + 17)\">\(box.title.fitting.escaped)</text>",
        "<text x=\"\(center)\" y=\"\(place.y + 32)\" fill=\"#666\">"
          + "\(box.subtitle.fitting.escaped)</text></g>",
      ]
    }
    return (lines + ["</svg>"]).joined(separator: "\n")
  }
}

extension String {
  /// The text with the characters that SVG reserves spelled out.
  fileprivate var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// As much of the text as a box takes.
  fileprivate var fitting: String { count > 22 ? prefix(21) + "…" : self }
}
