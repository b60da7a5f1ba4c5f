/// A counter-based random generator: the same words for the same key and counter on any machine,
/// in any order, on any thread.
///
/// - Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011),
///   Philox4x32-10.
enum Philox {
  typealias Block = SIMD4<UInt32>

  static func block(counter: Block, key: SIMD2<UInt32>) -> Block {
    var counter = counter
    var key = key
    for round in 0..<10 {
      if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let a = counter[0].multipliedFullWidth(by: 0xD251_1F53)
      let b = counter[2].multipliedFullWidth(by: 0xCD9E_8D57)
      counter = Block(b.high ^ counter[1] ^ key[0], b.low, a.high ^ counter[3] ^ key[1], a.low)
    }
    return counter
  }
}

/// The random numbers that belong to one purpose, one epoch and one sample.
///
/// Key = seed; counter = (block, sample, epoch, purpose). Indices count modulo 2³².
public struct SampleRandom: RandomNumberGenerator, Sendable {
  /// What numbers are drawn for; every purpose has its own stream.
  enum Purpose: UInt32 {
    case order = 1
    case split = 2
    case transform = 0x100  // plus the position of the transform in its loader
  }

  private let key: SIMD2<UInt32>
  private var counter: Philox.Block
  private var words = Philox.Block()
  private var used = 4

  init(seed: UInt64, epoch: Int, sample: Int, purpose: UInt32) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = Philox.Block(
      0, UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: epoch), purpose)
  }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 {
    if used == 4 {
      words = Philox.block(counter: counter, key: key)
      counter[0] &+= 1
      used = 0
    }
    defer { used += 2 }
    return UInt64(words[used]) << 32 | UInt64(words[used + 1])
  }

  /// Returns an integer of `0 ..< bound`, every one equally likely; 0 for a bound below 1.
  ///
  /// - Source: Lemire, "Fast random integer generation in an interval" (2019).
  public mutating func integer(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let bound = UInt64(bound)
    var (high, low) = next().multipliedFullWidth(by: bound)
    if low < bound {
      let threshold = (0 &- bound) % bound
      while low < threshold { (high, low) = next().multipliedFullWidth(by: bound) }
    }
    return Int(high)
  }
}

/// Permutations that depend on seed and epoch alone.
enum Permutation {
  /// Shuffles `indices` in place (Fisher and Yates, Durstenfeld's form).
  static func shuffle(
    _ indices: inout [Int], seed: UInt64, epoch: Int, purpose: SampleRandom.Purpose
  ) {
    var random = SampleRandom(seed: seed, epoch: epoch, sample: 0, purpose: purpose.rawValue)
    for last in stride(from: indices.count - 1, to: 0, by: -1) {
      indices.swapAt(last, random.integer(below: last + 1))
    }
  }
}
