extension PlanReport: CustomStringConvertible {
  /// The plan in numbers, then its kernels.
  public var description: String { "\(statistics)\n\n" + table() }

  /// The kernels in running order, with their times where they were measured.
  ///
  /// A kernel marked `once` only runs when weights have changed; its time is that of such a run, and
  /// no part of the totals.
  ///
  /// GF/s counts two operations a multiply-add, GB/s the bytes of ``PlanStatistics/bytesMoved``.
  /// - Parameter showsPrograms: Whether the instructions of fused programs follow below.
  public func table(showsPrograms: Bool = false) -> String {
    let isTimed = runs > 0
    var table = TextTable(
      [.number("#")]
        + (isTimed
          ? [.number("µs"), .number("share"), .number("GF/s"), .number("GB/s")] : [])
        + [
          .number("read"), .number("written"), .number("multiply-adds"), .text("kernel"),
          .text("layer"),
        ])
    let total = nanosecondsPerRun
    func add(_ kernels: [Kernel], _ prefix: String, isBody: Bool) {
      for (index, kernel) in kernels.enumerated() {
        let times =
          isBody ? ["", "", "", ""] : kernel.times(runs: runs(of: kernel), total: total)
        table.rows.append(
          [(kernel.isStanding ? "once " : "") + prefix + "\(index)"] + (isTimed ? times : [])
            + [
              NumberText.grouped(kernel.bytesRead), NumberText.grouped(kernel.bytesWritten),
              kernel.multiplyAdds > 0 ? NumberText.grouped(kernel.multiplyAdds) : "",
              kernel.label, kernel.layerPath,
            ])
        add(kernel.body, prefix + "\(index).", isBody: true)
      }
    }
    add(kernels, "", isBody: false)
    let numbers = statistics
    table.totals = [
      [""] + (isTimed ? [NumberText.decimal(total / 1e3, 1), "", "", ""] : [])
        + [
          NumberText.grouped(numbers.bytesRead), NumberText.grouped(numbers.bytesWritten),
          NumberText.grouped(numbers.multiplyAdds), "\(numbers.kernels) kernels a run", "",
        ]
    ]
    return (table.lines + (showsPrograms ? programLines(kernels, "") : []))
      .joined(separator: "\n")
  }

  /// Measured time of a run in nanoseconds; 0 where times are not measured.
  public var nanosecondsPerRun: Double {
    let total = kernels.reduce(0) { $0 + ($1.isStanding ? 0 : $1.nanoseconds) }
    return Double(total) / Double(max(runs, 1))
  }

  /// The times since an earlier report of the same plan, without those of its first runs.
  public func since(_ earlier: PlanReport) -> PlanReport {
    guard earlier.kernels.count == kernels.count, earlier.runs < runs else { return self }
    var result = self
    result.runs -= earlier.runs
    result.preparations -= earlier.preparations
    for index in kernels.indices {
      result.kernels[index].nanoseconds -= earlier.kernels[index].nanoseconds
    }
    return result
  }

  private func programLines(_ kernels: [Kernel], _ prefix: String) -> [String] {
    kernels.enumerated().flatMap { index, kernel in
      (kernel.isProgram
        ? ["", "\(prefix)\(index)  \(kernel.label)"] + kernel.program.map { "     " + $0 } : [])
        + programLines(kernel.body, "\(prefix)\(index).")
    }
  }
}

extension PlanReport.Kernel {
  /// Microseconds a run, share of the whole, rates of arithmetic and of memory.
  fileprivate func times(runs: Int, total: Double) -> [String] {
    let time = Double(nanoseconds) / Double(max(runs, 1))
    guard time > 0 else { return ["0.0", "", "", ""] }
    return [
      NumberText.decimal(time / 1e3, 1),
      isStanding ? "" : NumberText.decimal(100 * time / max(total, 1), 1) + " %",
      multiplyAdds > 0 ? NumberText.decimal(2 * Double(multiplyAdds) / time, 1) : "",
      NumberText.decimal(Double(bytesMoved) / time, 1),
    ]
  }
}
