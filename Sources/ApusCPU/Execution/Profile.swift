import ApusCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Time spent per kernel over all runs of all plans; printed to standard error at exit.
final class Profile: Sendable {
  private struct Row {
    var nanoseconds: Int64 = 0
    var runs = 0
    var multiplyAdds = 0
  }

  private struct Entry {
    let layout: PlanLayout
    var runs: Int
    var preparations: Int
    var nanoseconds: [Int64]
  }

  static let shared: Profile = {
    atexit { Profile.shared.print() }
    return Profile()
  }()

  private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

  /// Notes the totals of a plan so far.
  func record(
    _ layout: PlanLayout, runs: Int, preparations: Int, _ totals: UnsafeMutablePointer<Int64>
  ) {
    let values = (0..<layout.nodes.count).map { totals[$0] }
    entries.withLock { entries in
      entries[ObjectIdentifier(layout)] = Entry(
        layout: layout, runs: runs, preparations: preparations, nanoseconds: values)
    }
  }

  /// The table: total time, calls, time per call, share and rate of each kernel.
  var table: String {
    var rows: [String: Row] = [:]
    entries.withLock { entries in
      for entry in entries.values {
        for (index, node) in entry.layout.nodes.enumerated() {
          let runs = index < entry.layout.prologueCount ? entry.preparations : entry.runs
          rows[node.label, default: Row()].nanoseconds += entry.nanoseconds[index]
          rows[node.label, default: Row()].runs += runs
          rows[node.label, default: Row()].multiplyAdds += runs * node.multiplyAdds
        }
      }
    }
    let total = rows.values.reduce(Int64(0)) { $0 + $1.nanoseconds }
    var lines = ["  total ms     calls   us/call   share   GF/s  kernel"]
    for (label, row) in rows.sorted(by: { $0.value.nanoseconds > $1.value.nanoseconds }) {
      let time = Double(row.nanoseconds)
      let share = total > 0 ? 100 * time / Double(total) : 0
      let rate = time > 0 ? 2 * Double(row.multiplyAdds) / time : 0
      lines.append(
        column(time / 1e6, 10, 3) + column(row.runs, 10)
          + column(time / 1e3 / Double(max(row.runs, 1)), 10, 3) + column(share, 7, 1) + "%"
          + (row.multiplyAdds > 0 ? column(rate, 7, 1) : "       ") + "  " + label)
    }
    lines.append(column(Double(total) / 1e6, 10, 3) + " ms in all")
    return lines.joined(separator: "\n")
  }

  private func print() {
    let text = "APUS_PROFILE\n" + table + "\n"
    _ = text.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
  }

  private func column(_ value: Int, _ width: Int) -> String { pad("\(value)", width) }

  private func column(_ value: Double, _ width: Int, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int64((value * scale).rounded())
    let fraction = "\(rounded % Int64(scale))"
    let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
    return pad("\(rounded / Int64(scale)).\(zeros)\(fraction)", width)
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
