extension PlanReport {
  /// The plan in Graphviz's DOT language: boxes are kernels, edges carry bytes.
  public var dot: String {
    var lines = [
      "digraph plan {", "  rankdir = TB;", "  node [shape = box, fontname = \"monospace\"];",
    ]
    // Who has written a piece of memory last; an input until somebody has.
    var makers: [Int: String] = [:]
    var shown: Set<Int> = []
    for (index, kernel) in kernels.enumerated() {
      let label = "\(index): \(kernel.label)".replacing("\"", with: "'")
      let path = kernel.layerPath.isEmpty ? "" : "\\n\(kernel.layerPath)"
      let style = kernel.isProgram ? ", style = rounded" : ""
      lines.append("  k\(index) [label = \"\(label)\(path)\"\(style)];")
      for access in kernel.reads {
        let home = memory(of: access.buffer)
        if makers[home] == nil, shown.insert(home).inserted {
          lines.append("  b\(home) [label = \"\(name(home))\", shape = ellipse];")
        }
        let from = makers[home] ?? "b\(home)"
        lines.append(
          "  \(from) -> k\(index) [label = \"\(NumberText.grouped(access.bytes))\"];")
      }
      for access in kernel.writes { makers[memory(of: access.buffer)] = "k\(index)" }
    }
    lines.append("}")
    return lines.joined(separator: "\n")
  }

  /// The input whose memory a buffer lies in, or itself: values in the arena stay apart.
  private func memory(of buffer: Int) -> Int {
    guard let home = buffers[buffer].sharesMemoryOf, buffers[home].offset == nil else {
      return buffer
    }
    return home
  }

  private func name(_ buffer: Int) -> String {
    let found = buffers[buffer]
    return "\(found.role.rawValue) \(found.index)\\n\(NumberText.grouped(found.bytes)) bytes"
  }
}
