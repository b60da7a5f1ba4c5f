import ArgumentParser
import Foundation

extension ApusBench {
  /// Measures how fast this machine moves memory, by loops that do nothing else.
  struct Bandwidth: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints bytes a second of reading, copying and updating 64 MiB in place.",
      discussion: """
        Every thread has a part of its own. Reading sums; copying is the C library's memcpy, its \
        bytes those read and those written; updating multiplies and adds in place, its bytes counted \
        twice likewise. Of many passes the fastest counts.
        """)

    @OptionGroup var threads: Threads

    @Option(help: "Passes of each kind.")
    var passes = 60

    mutating func run() throws {
      let block = MovedBlock(threads: threads.threads)
      for (name, bytes, pass) in block.kinds {
        var best = Double.infinity
        for _ in 0..<max(passes, 1) {
          let watch = Stopwatch()
          block.onAllThreads(pass)
          best = min(best, watch.seconds)
        }
        print(name, Double(bytes) / best)
      }
    }
  }
}

/// Two blocks of 64 MiB, and loops over the parts of each thread.
private final class MovedBlock: @unchecked Sendable {
  typealias Vector = SIMD16<Float>
  private static let count = (64 << 20) / MemoryLayout<Vector>.stride
  private let threads: Int
  private let a = UnsafeMutablePointer<Vector>.allocate(capacity: count)
  private let b = UnsafeMutablePointer<Vector>.allocate(capacity: count)
  /// Keeps sums from being optimised away; each thread has a place of its own.
  private let sums: UnsafeMutablePointer<Vector>

  init(threads: Int) {
    self.threads = threads
    sums = .allocate(capacity: threads)
    sums.initialize(repeating: .zero, count: threads)
    a.initialize(repeating: .one, count: Self.count)
    b.initialize(repeating: .one, count: Self.count)
  }

  deinit { for pointer in [a, b, sums] { pointer.deallocate() } }

  var kinds: [(name: String, bytes: Int, pass: @Sendable (Int, Range<Int>) -> Void)] {
    let size = Self.count * MemoryLayout<Vector>.stride
    return [
      ("read", size, { self.read($0, $1) }), ("copy", 2 * size, { self.copy($1) }),
      ("update", 2 * size, { self.update($1) }),
    ]
  }

  func onAllThreads(_ pass: @Sendable (Int, Range<Int>) -> Void) {
    let part = (Self.count + threads - 1) / threads
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      pass(thread, min(thread * part, Self.count)..<min((thread + 1) * part, Self.count))
    }
  }

  private func read(_ thread: Int, _ range: Range<Int>) {
    var (s, t) = (Vector.zero, Vector.zero)
    var index = range.lowerBound
    while index + 1 < range.upperBound {
      s += a[index]
      t += a[index + 1]
      index += 2
    }
    sums[thread] += s + t
  }

  private func copy(_ range: Range<Int>) {
    memcpy(b + range.lowerBound, a + range.lowerBound, range.count * MemoryLayout<Vector>.stride)
  }

  private func update(_ range: Range<Int>) {
    let factor = Vector(repeating: 0.5)
    for index in range { a[index] = a[index] * factor + factor }
  }
}
