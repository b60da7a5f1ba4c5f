import Apus
import CApusDynamic
import Foundation

/// One started process with its output.
final class ChildProcess {
  /// A stream that the process writes to.
  final class Stream {
    /// -1 once nothing more comes.
    private(set) var descriptor: Int32
    private let target: Int32
    private var lines: OutputLines

    init(_ descriptor: Int32, target: Int32, prefix: String) {
      self.descriptor = descriptor
      self.target = target
      lines = OutputLines(prefix: prefix)
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Passes on what is there.
    func forward() throws {
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      while descriptor >= 0 {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN { return }
        guard count > 0 else { return try finish() }
        try Console.write(lines.take(buffer[..<count]), to: target)
      }
    }

    /// Passes on the last line; what other processes still write there is lost.
    func finish() throws {
      guard descriptor >= 0 else { return }
      close(descriptor)
      descriptor = -1
      try Console.write(lines.end(), to: target)
    }
  }

  let index: Int
  let number: Int32
  let streams: [Stream]
  /// The exit code, or the negative number of the signal, once it has ended.
  private(set) var status: Int32?

  /// Starts a command as a process of a group.
  init(_ command: [String], _ group: ProcessGroup) throws {
    let variables = ProcessInfo.processInfo.environment.merging(group.environment) { $1 }
    var (output, errors): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    guard pipe(&output) == 0, pipe(&errors) == 0 else {
      throw Failure("launch", "cannot open a pipe: \(String(cString: strerror(errno)))")
    }
    // No other process is to keep them open.
    for end in output + errors { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    index = group.index
    let prefix = "[\(group.index)] "
    streams = [
      Stream(output[0], target: STDOUT_FILENO, prefix: prefix),
      Stream(errors[0], target: STDERR_FILENO, prefix: prefix),
    ]
    number = Self.withStrings(command) { arguments in
      Self.withStrings(variables.map { "\($0)=\($1)" }) { variables in
        apus_spawn(command[0], arguments, variables, output[1], errors[1])
      }
    }
    close(output[1])
    close(errors[1])
    guard number > 0 else {
      throw Failure("launch", "cannot start \(command[0]): \(String(cString: strerror(-number)))")
    }
  }

  private static func withStrings<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body(UnsafePointer($0.baseAddress!)) }
  }

  /// Sends a signal to the process and all that it has started.
  func signal(_ number: Int32) {
    if status == nil { kill(-self.number, number) }
  }

  /// Notes that the process has ended, if it has, and ends what it left behind.
  func look() throws {
    var code: Int32 = 0
    guard status == nil, apus_has_ended(number, &code) != 0 else { return }
    // The number stays taken until it is reaped: the group is still that of this process.
    kill(-number, SIGKILL)
    apus_reap(number)
    status = code
    for stream in streams {
      try stream.forward()
      try stream.finish()
    }
  }
}
