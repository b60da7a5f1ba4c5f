import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("StableHLO text") struct StableHLOBuilderTests {
  @Test("floating constants are written by their bits")
  func constants() {
    let builder = StableHLOBuilder()
    _ = builder.constant(0.1, StableHLOType(.f32, [2]))
    _ = builder.constant(-.infinity, StableHLOType(.bf16))
    #expect(
      builder.lines.map { $0.trimmingPrefix { $0 == " " } } == [
        "%0 = stablehlo.constant dense<0x3DCCCCCD> : tensor<2xf32>",
        "%1 = stablehlo.constant dense<0xFF80> : tensor<bf16>",
      ])
  }
}
