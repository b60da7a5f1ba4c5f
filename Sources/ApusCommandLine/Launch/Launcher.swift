import Apus
import ArgumentParser
import Foundation

/// Runs the processes of this host to their end.
///
/// When one fails, on this host or another, all are ended; none outlives the launcher.
final class Launcher {
  private let plan: LaunchPlan
  private let command: [String]
  private let grace: Duration
  private let events: LaunchEvents
  private let agreement: HostAgreement?
  private var children: [ChildProcess] = []
  /// Why the processes are ended, and the exit code of the launcher.
  private var outcome: (reason: String, code: Int32)?
  private var isInterrupted = false
  private var deadline: ContinuousClock.Instant?
  private var areOthersDone: Bool

  /// - Parameter grace: How long processes have to end when they are asked to.
  init(_ plan: LaunchPlan, command: [String], grace: Duration, agreement: HostAgreement?) throws {
    self.plan = plan
    self.command = command
    self.grace = grace
    self.agreement = agreement
    areOthersDone = agreement == nil || plan.node > 0
    events = try LaunchEvents()
  }

  /// Starts the processes and waits for them.
  ///
  /// - Throws: `ExitCode` of the process that failed first, after telling which and why.
  func run(_ groups: [ProcessGroup]) throws {
    defer { for child in children { child.signal(SIGKILL) } }
    do {
      for group in groups { children.append(try ChildProcess(command, group)) }
    } catch {
      agreement?.end("\(error) on \(plan.hosts[plan.node])")
      throw error
    }
    agreement?.watch(events)
    while children.contains(where: { $0.status == nil }) { try wait() }
    if outcome == nil {
      try agreement?.done()
      while !areOthersDone, outcome == nil { try wait() }
    }
    guard let outcome else { return }
    Console.complain("error: launch: \(outcome.reason)")
    throw ExitCode(outcome.code)
  }

  /// Sleeps until something happens, and deals with it.
  private func wait() throws {
    let streams = children.flatMap(\.streams).filter { $0.descriptor >= 0 }
    var entries = [pollfd(fd: events.descriptor, events: Int16(POLLIN), revents: 0)]
    for stream in streams {
      entries.append(pollfd(fd: stream.descriptor, events: Int16(POLLIN), revents: 0))
    }
    let left = deadline.map { max(Int(($0 - .now) / .milliseconds(1)) + 1, 0) }
    let count = poll(&entries, nfds_t(entries.count), left.map { Int32(clamping: $0) } ?? -1)
    if count > 0 {
      for (stream, entry) in zip(streams, entries.dropFirst()) where entry.revents != 0 {
        try stream.forward()
      }
    }
    for event in events.take() {
      switch event {
      case .signal(SIGCHLD): break
      case .signal(let number): interrupt(number)
      case .ended(let reason): end(reason, code: 1)
      case .othersDone: areOthersDone = true
      }
    }
    for child in children where child.status == nil {
      try child.look()
      if let status = child.status, status != 0 { failed(child, status) }
    }
    if let deadline, deadline <= .now {
      for child in children { child.signal(SIGKILL) }
      self.deadline = nil
    }
  }

  /// Passes a signal on; a second one leaves no time.
  private func interrupt(_ number: Int32) {
    if isInterrupted {
      for child in children { child.signal(SIGKILL) }
      return
    }
    isInterrupted = true
    let name = number == SIGINT ? "interrupted" : "ended by signal \(number)"
    end(name, code: 128 + number, passing: number)
  }

  private func failed(_ child: ChildProcess, _ status: Int32) {
    let cause =
      status > 0
      ? "ended with code \(status)"
      : "was ended by signal \(-status) (\(String(cString: strsignal(-status))))"
    let others = plan.count == 1 ? "" : "; the others were ended"
    end(
      "process \(child.index) of \(plan.count) \(cause)\(others)",
      code: status > 0 ? status : 128 - status)
  }

  /// Asks all processes to end; the first reason stands.
  private func end(_ reason: String, code: Int32, passing signal: Int32 = SIGTERM) {
    guard outcome == nil else { return }
    outcome = (reason, code)
    let place = plan.hosts.count > 1 ? " on \(plan.hosts[plan.node])" : ""
    agreement?.end(reason + place)
    for child in children { child.signal(signal) }
    deadline = .now + grace
  }
}
