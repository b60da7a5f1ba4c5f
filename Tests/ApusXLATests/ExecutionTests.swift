import ApusXLA
import Testing

@testable import ApusCore

@Suite("XLA execution", .needsPlugin) struct ExecutionTests {
  @Test("an evaluated input comes back")
  func roundTrip() throws {
    let x = Tensor([1.5, -2, .infinity] as [Float])
    let trace = compile { [$0[0], $0[1]] }
    let y = try XLATestDevice.run { try trace(x, Tensor([7] as [Int64])) }
    #expect(try y[0].scalars(as: Float.self) == [1.5, -2, .infinity])
    #expect(try y[1].scalars(as: Int64.self) == [7])
  }
}
