extension PlanReport {
  /// What lies in the arena, by place: bytes, lifetime, and the course of the plan as a bar.
  public var memoryTable: String {
    var table = TextTable([
      .number("buffer"), .number("offset"), .number("bytes"), .number("from"), .number("to"),
      .text("kernels 0…\(max(kernels.count - 1, 0))"), .text("what"),
    ])
    let placed = buffers.indices.filter { buffers[$0].offset != nil && buffers[$0].firstUse != nil }
    let order = placed.sorted {
      (buffers[$0].offset ?? 0, buffers[$0].firstUse ?? 0, $0)
        < (buffers[$1].offset ?? 0, buffers[$1].firstUse ?? 0, $1)
    }
    for index in order {
      let buffer = buffers[index]
      guard let offset = buffer.offset, let first = buffer.firstUse, let last = buffer.lastUse
      else { continue }
      let maker = kernels[first].writes.contains { $0.buffer == index } ? first : nil
      let what =
        buffer.role == .scratch
        ? "scratch of \(kernels[first].label)" : maker.map { kernels[$0].label } ?? ""
      let taken = buffer.sharesMemoryOf.map { ", in place of %\($0)" } ?? ""
      table.rows.append([
        "%\(index)", NumberText.grouped(offset), NumberText.grouped(buffer.bytes), "\(first)",
        "\(last)", bar(first, last), what + taken,
      ])
    }
    table.totals = [["", "", NumberText.grouped(arenaBytes), "", "", "", "arena"]]
    return table.lines.joined(separator: "\n")
  }

  /// A lifetime as a part of a line of up to 40 characters.
  private func bar(_ first: Int, _ last: Int) -> String {
    let width = min(kernels.count, 40)
    let start = first * width / kernels.count
    let end = max(last * width / kernels.count, start)
    return String(repeating: "·", count: start) + String(repeating: "█", count: end - start + 1)
      + String(repeating: "·", count: width - end - 1)
  }
}
