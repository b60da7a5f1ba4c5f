import ApusCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Time spent per kernel over all runs of all plans; printed to standard error when the process ends.
final class Profile: Sendable {
  private struct Row {
    var nanoseconds: Int64 = 0
    var calls = 0
    var multiplyAdds = 0
    var bytes = 0
  }

  private struct Entry {
    weak var plan: CPUPlan?
  }

  /// There when `APUS_PROFILE=1` asks for it.
  static let shared: Profile? = {
    guard CPUConfiguration.profileIsWanted else { return nil }
    atexit { Profile.shared?.print() }
    return Profile()
  }()

  private let live = Mutex<[Entry]>([])
  private let rows = Mutex<[String: Row]>([:])

  /// Notes a plan, whose times are read at the end.
  func add(_ plan: CPUPlan) { live.withLock { $0.append(Entry(plan: plan)) } }

  /// Adds the times of a plan that is about to go away.
  func add(_ report: PlanReport) {
    rows.withLock { rows in
      for kernel in report.kernels {
        var row = rows[kernel.label, default: Row()]
        row.nanoseconds += kernel.nanoseconds
        let calls = report.runs(of: kernel)
        row.calls += calls
        row.multiplyAdds += calls * kernel.multiplyAdds
        row.bytes += calls * kernel.bytesMoved
        rows[kernel.label] = row
      }
    }
  }

  /// Total time, calls, time per call, share and rates of each kernel.
  private var table: TextTable {
    for entry in live.withLock({ $0 }) {
      if let report = entry.plan?.report { add(report) }
    }
    let rows = rows.withLock { $0 }
    let total = rows.values.reduce(Int64(0)) { $0 + $1.nanoseconds }
    var table = TextTable([
      .number("total ms"), .number("calls"), .number("µs/call"), .number("share"),
      .number("GF/s"), .number("GB/s"), .text("kernel"),
    ])
    for (label, row) in rows.sorted(by: { $0.value.nanoseconds > $1.value.nanoseconds }) {
      let time = max(Double(row.nanoseconds), 1)
      table.rows.append([
        NumberText.decimal(time / 1e6, 3), "\(row.calls)",
        NumberText.decimal(time / 1e3 / Double(max(row.calls, 1)), 3),
        NumberText.decimal(100 * time / Double(max(total, 1)), 1) + "%",
        row.multiplyAdds > 0 ? NumberText.decimal(2 * Double(row.multiplyAdds) / time, 1) : "",
        NumberText.decimal(Double(row.bytes) / time, 1), label,
      ])
    }
    table.totals = [[NumberText.decimal(Double(total) / 1e6, 3), "", "", "", "", "", "in all"]]
    return table
  }

  private func print() {
    let text = "APUS_PROFILE\n" + table.lines.joined(separator: "\n") + "\n"
    _ = text.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
  }
}
