import Testing

@testable import ApusData

@Suite("counter-based random numbers") struct RandomTests {
  @Test("Philox gives the known answers of Random123")
  func knownAnswers() {
    let ones = UInt32.max
    #expect(
      Philox.block(counter: .zero, key: .zero)
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(counter: SIMD4(repeating: ones), key: SIMD2(repeating: ones))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test("bounded integers reach every value about equally often")
  func bounded() {
    var random = SampleRandom(seed: 1, epoch: 2, sample: 3, purpose: 4)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.integer(below: 7)] += 1 }
    // Six standard deviations of a binomial with n = 70,000 and p = 1/7 are 556.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 556 })
    #expect(random.integer(below: 0) == 0 && random.integer(below: -5) == 0)
  }

  @Test("seed, epoch, sample and purpose each change the stream")
  func streams() {
    func first(_ seed: UInt64, _ epoch: Int, _ sample: Int, _ purpose: UInt32) -> UInt64 {
      var random = SampleRandom(seed: seed, epoch: epoch, sample: sample, purpose: purpose)
      return random.next()
    }
    let words = [
      first(1, 1, 1, 1), first(2, 1, 1, 1), first(1 << 32 | 1, 1, 1, 1), first(1, 2, 1, 1),
      first(1, 1, 2, 1), first(1, 1, 1, 2),
    ]
    #expect(Set(words).count == words.count)
    #expect(first(1, 1, 1, 1) == words[0])
  }
}
