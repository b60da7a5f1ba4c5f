import Foundation
import Synchronization

/// What wakes the launcher: signals, and what other threads have to tell.
final class LaunchEvents: Sendable {
  enum Event: Sendable {
    /// A signal to this process, such as `SIGINT`.
    case signal(Int32)
    /// The launch is over elsewhere.
    case ended(String)
    /// The processes of all other hosts have done their work.
    case othersDone
  }

  /// The end that is polled.
  let descriptor: Int32
  private let told = Mutex<[Event]>([])
  /// The end that the handler of signals writes to.
  private static let handled = Atomic<Int32>(-1)

  /// Begins to take the signals of this process.
  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw Failure("launch", "cannot open a pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
    }
    descriptor = ends[0]
    Self.handled.store(ends[1], ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGCHLD] {
      sigaddset(&signals, number)
      signal(number) { received in
        let before = errno
        var byte = UInt8(truncatingIfNeeded: received)
        _ = Foundation.write(LaunchEvents.handled.load(ordering: .relaxed), &byte, 1)
        errno = before
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Wakes the launcher, from another thread.
  func tell(_ event: Event) {
    told.withLock { $0.append(event) }
    var byte: UInt8 = 0
    _ = Foundation.write(Self.handled.load(ordering: .relaxed), &byte, 1)
  }

  /// What has happened since the last time.
  func take() -> [Event] {
    var events: [Event] = []
    var buffer = [UInt8](repeating: 0, count: 256)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      for byte in buffer[..<count] where byte != 0 { events.append(.signal(Int32(byte))) }
    }
    return events
      + told.withLock { told in
        defer { told = [] }
        return told
      }
  }
}
