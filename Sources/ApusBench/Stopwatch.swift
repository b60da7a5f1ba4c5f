import Foundation

/// The time since it was started: that of the wall, or, where `BENCH_CLOCK` is `cpu`, that of the
/// processors spent on this process, which others on the machine lengthen less.
struct Stopwatch {
  private static let clock =
    ProcessInfo.processInfo.environment["BENCH_CLOCK"] == "cpu"
    ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC
  private let start = Stopwatch.now

  var seconds: Double { Stopwatch.now - start }

  private static var now: Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
