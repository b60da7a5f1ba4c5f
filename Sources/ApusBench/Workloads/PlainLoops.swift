import Apus
import Foundation

extension WorkloadMaker {
  /// Loops over 16 M floats that do nothing but move them: what the machine allows.
  ///
  /// Reading sums; copying is the C library's `memcpy`; updating is what an optimizer does, three
  /// blocks changed in place and a fourth one read.
  static var plainLoops: [WorkloadMaker] {
    [("plain-read", 1), ("plain-copy", 2), ("plain-update", 4)].map { name, blocks in
      WorkloadMaker(name: name) { PlainLoop(name, blocks: blocks, threads: try cpuThreads()) }
    }
  }

  /// The processors that the executor uses.
  private static func cpuThreads() throws -> Int {
    (try Executors.onHost { try Executors.current() } as? CPUExecutor)?.configuration.threads ?? 1
  }
}

/// A loop in which every thread has a part of its own and waits for nobody.
///
/// Unchecked: threads write to their own parts of the blocks and their own sum alone.
private final class PlainLoop: Workload, @unchecked Sendable {
  typealias Vector = SIMD16<Float>
  private static let count = (64 << 20) / MemoryLayout<Vector>.stride
  private let name: String
  private let threads: Int
  private let blocks: [UnsafeMutablePointer<Vector>]
  /// Keeps sums from being optimised away; each thread has a place of its own.
  private let sums: UnsafeMutablePointer<Vector>

  init(_ name: String, blocks: Int, threads: Int) {
    self.name = name
    self.threads = threads
    self.blocks = (0..<blocks).map { _ in
      let block = Self.allocate()
      block.initialize(repeating: .one, count: Self.count)
      return block
    }
    sums = .allocate(capacity: threads)
    sums.initialize(repeating: .zero, count: threads)
  }

  deinit { for pointer in blocks + [sums] { pointer.deallocate() } }

  /// In large pages where the system has them, as tensors are.
  private static func allocate() -> UnsafeMutablePointer<Vector> {
    let (bytes, page) = (count * MemoryLayout<Vector>.stride, 2 << 20)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: page)
    #if os(Linux)
      madvise(memory, bytes, MADV_HUGEPAGE)
    #endif
    return memory.bindMemory(to: Vector.self, capacity: count)
  }

  func firstLoss() throws -> Double { 0 }

  func plan() throws -> PlanReport {
    throw TensorError(operation: name, reason: "is a plain loop, not a plan")
  }

  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    let part = (Self.count + threads - 1) / threads
    let watch = Stopwatch()
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let range = min(thread * part, Self.count)..<min((thread + 1) * part, Self.count)
      for _ in 0..<steps { pass(thread, range) }
    }
    return (watch.seconds, 0)
  }

  private func pass(_ thread: Int, _ range: Range<Int>) {
    switch blocks.count {
    case 1: read(thread, blocks[0], range)
    case 2: copy(from: blocks[0], to: blocks[1], range)
    default: update(blocks[0], blocks[1], blocks[2], by: blocks[3], range)
    }
  }

  private func read(_ thread: Int, _ a: UnsafeMutablePointer<Vector>, _ range: Range<Int>) {
    var (s, t) = (Vector.zero, Vector.zero)
    var index = range.lowerBound
    while index + 1 < range.upperBound {
      s += a[index]
      t += a[index + 1]
      index += 2
    }
    sums[thread] += s + t
  }

  private func copy(
    from a: UnsafeMutablePointer<Vector>, to b: UnsafeMutablePointer<Vector>, _ range: Range<Int>
  ) {
    memcpy(b + range.lowerBound, a + range.lowerBound, range.count * MemoryLayout<Vector>.stride)
  }

  private func update(
    _ a: UnsafeMutablePointer<Vector>, _ b: UnsafeMutablePointer<Vector>,
    _ c: UnsafeMutablePointer<Vector>, by d: UnsafeMutablePointer<Vector>, _ range: Range<Int>
  ) {
    let half = Vector(repeating: 0.5)
    for index in range {
      let other = d[index]
      a[index] = a[index] * half + other
      b[index] = b[index] * half + other
      c[index] = c[index] * half + other
    }
  }
}
