import Foundation

/// A descriptor of the system, closed when nobody uses it any more.
final class Descriptor: Sendable {
  let number: Int32

  /// Takes over a descriptor, which is not to block and not to be inherited.
  init(_ number: Int32) {
    self.number = number
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(number) }

  /// Waits until something can be read or written; whether it can before the time is over.
  func wait(for events: Int32, until deadline: Int64) -> Bool {
    while true {
      var entry = pollfd(fd: number, events: Int16(events), revents: 0)
      let left = max(deadline - SteadyClock.milliseconds(), 0)
      let count = poll(&entry, 1, Int32(clamping: left))
      if count > 0 { return true }
      if count == 0, left <= Int64(Int32.max) { return false }
      if count < 0, errno != EINTR { return false }
    }
  }
}

/// What reading or writing without waiting came to.
enum Transfer {
  case moved(Int)
  case wouldBlock
  case ended(String)
}

extension Descriptor {
  /// Reads what is there into the front of `buffer`.
  func receive(_ buffer: inout [UInt8]) -> Transfer {
    while true {
      let count = recv(number, &buffer, buffer.count, 0)
      if count > 0 { return .moved(count) }
      if count == 0 { return .ended("closed by the other side") }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended(String(cString: strerror(errno)))
    }
  }

  /// Writes as much as is taken. A reader that went away is an error, no signal.
  func send(_ bytes: ArraySlice<UInt8>) -> Transfer {
    #if os(Linux)
      let flags = Int32(truncatingIfNeeded: MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    while true {
      let count = bytes.withUnsafeBytes { Foundation.send(number, $0.baseAddress, $0.count, flags) }
      if count >= 0 { return .moved(count) }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended(String(cString: strerror(errno)))
    }
  }

  func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Messages leave at once, and a host that has vanished is noticed within a minute.
  func tune() {
    let tcp = Int32(IPPROTO_TCP)
    set(tcp, TCP_NODELAY, 1)
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    #if os(Linux)
      set(tcp, TCP_KEEPIDLE, 20)
      set(tcp, TCP_KEEPINTVL, 10)
      set(tcp, TCP_KEEPCNT, 3)
    #else
      set(SOL_SOCKET, SO_NOSIGPIPE, 1)
    #endif
  }
}

/// A clock that nobody sets.
enum SteadyClock {
  static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
