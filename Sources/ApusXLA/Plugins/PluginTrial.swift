import ApusCore
import CApusDynamic

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A plugin tried in a process of its own: what it told there, or how it ended that process.
///
/// Plugins end the process on settings that they do not know, and some on machines that they were
/// not made for; no error can be caught then.
struct PluginTrial {
  /// A device as the plugin describes it.
  struct Device: Hashable {
    let id: Int
    let kind: String
    let used: Int?
    let limit: Int?
  }

  let path: String
  private(set) var apiVersion: (Int, Int)?
  private(set) var isComplete = false
  private(set) var attributes: [String: String] = [:]
  private(set) var platform = ""
  private(set) var platformVersion = ""
  private(set) var devices: [Device] = []
  /// Why the plugin cannot be used, if it cannot.
  private(set) var mistake: String?

  /// Opens the plugin; with settings makes a client of it; with flags compiles a small program, as
  /// flags are read no sooner.
  ///
  /// - Parameters:
  ///   - flags: Settings of the compiler, in place of `XLA_FLAGS`.
  ///   - seconds: After which a plugin that does not answer is given up.
  init(
    path: String, options: [String: PJRTOption]? = nil, flags: String? = nil, seconds: Double = 60
  ) {
    self.path = path
    PJRTPlugin.quiet()
    let extent =
      options == nil
      ? apus_pjrt_trial_open : flags == nil ? apus_pjrt_trial_devices : apus_pjrt_trial_program
    let milliseconds = Int32(seconds * 1000)
    let trial = (options ?? [:]).withNamedValues {
      apus_pjrt_try(path, $0.baseAddress, $0.count, Int32(extent), flags, milliseconds)
    }
    guard let trial else {
      mistake = "cannot try the plugin \(path): no process could be started"
      return
    }
    defer { apus_pjrt_trial_free(trial) }
    read(String(cString: apus_pjrt_trial_report(trial)))
    if mistake != nil { return }
    let status = apus_pjrt_trial_status(trial)
    if apus_pjrt_trial_has_timed_out(trial) {
      mistake = "the plugin \(path) did not answer within \(seconds) seconds"
    } else if status != 0 {
      let end = status < 0 ? "signal \(-status), \(Self.name(ofSignal: -status))" : "code \(status)"
      mistake = "the plugin \(path) ends its process (\(end))"
    }
    let noise = Self.tail(of: String(cString: apus_pjrt_trial_noise(trial)))
    if let told = mistake, !noise.isEmpty {
      mistake = told + ", having written:\n" + noise
    }
  }

  private mutating func read(_ report: String) {
    for line in report.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      let rest = words.count > 1 ? words[1] : ""
      let numbers = rest.split(separator: " ", maxSplits: 3).prefix(3).compactMap { Int($0) }
      switch words[0] {
      case "api": if numbers.count == 2 { apiVersion = (numbers[0], numbers[1]) }
      case "complete": isComplete = rest == "1"
      case "attribute":
        let pair = rest.split(separator: " ", maxSplits: 1)
        attributes[String(pair.first ?? "")] = pair.count > 1 ? String(pair[1]) : ""
      case "platform": platform = String(rest)
      case "version": platformVersion = String(rest)
      case "device":
        let parts = rest.split(separator: " ", maxSplits: 3)
        guard numbers.count == 3 else { continue }
        devices.append(
          Device(
            id: numbers[0], kind: parts.count > 3 ? String(parts[3]) : "",
            used: numbers[1] < 0 ? nil : numbers[1], limit: numbers[2] < 0 ? nil : numbers[2]))
      case "error":
        let parts = rest.split(separator: " ", maxSplits: 1)
        let code = parts.first.flatMap { Int($0) } ?? 2
        mistake =
          "cannot use the plugin \(path): \(parts.count > 1 ? parts[1] : "") "
          + "(\(PJRTPlugin.name(ofCode: code)))"
      default: break
      }
    }
  }

  /// The last lines of what a plugin wrote, indented.
  private static func tail(of text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("***") }
    return lines.suffix(6).map { "  \($0.prefix(300))" }.joined(separator: "\n")
  }

  private static func name(ofSignal number: Int32) -> String {
    strsignal(number).map { String(cString: $0) } ?? "unknown"
  }
}
