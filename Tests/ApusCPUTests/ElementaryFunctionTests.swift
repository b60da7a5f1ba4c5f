import ApusCPU
import ApusCore
import ApusTestSupport
import Foundation
import Testing

/// Every n-th float of a range through the vectorised functions, against the C library in double.
@Suite("errors of elementary functions, in units of the last place")
struct ElementaryFunctionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let range: ClosedRange<Float>
    /// The documented bound.
    let units: Double
    let function: @Sendable (Tensor) -> Tensor
    let exact: @Sendable (Double) -> Double
    var testDescription: String { name }
  }

  private static func sigmoid(_ x: Double) -> Double {
    x < 0 ? Foundation.exp(x) / (1 + Foundation.exp(x)) : 1 / (1 + Foundation.exp(-x))
  }

  private static func gelu(_ x: Double) -> Double { 0.5 * x * erfc(-x / 2.0.squareRoot()) }

  private static func geluTanh(_ x: Double) -> Double {
    x * sigmoid((8 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))
  }

  private static let all: ClosedRange<Float> =
    -Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude

  static let cases: [Case] = [
    Case(name: "exp", range: -87...88.7, units: 1.1) {
      $0.exp()
    } exact: {
      exp($0)
    },
    Case(name: "expm1", range: all, units: 2) {
      $0.expm1()
    } exact: {
      expm1($0)
    },
    Case(name: "log", range: 1.2e-38...3e38, units: 1) {
      $0.log()
    } exact: {
      log($0)
    },
    Case(name: "log1p", range: -0.9999...3e38, units: 2) {
      $0.log1p()
    } exact: {
      log1p($0)
    },
    Case(name: "tanh", range: all, units: 2) {
      $0.tanh()
    } exact: {
      tanh($0)
    },
    Case(name: "erf", range: all, units: 2) {
      $0.erf()
    } exact: {
      erf($0)
    },
    Case(name: "sigmoid", range: -87...100, units: 2.5) {
      $0.sigmoid()
    } exact: {
      sigmoid($0)
    },
    Case(name: "silu", range: -80...1000, units: 3.5) {
      $0.silu()
    } exact: {
      $0 * sigmoid($0)
    },
    Case(name: "softplus", range: -87...1000, units: 2.5) {
      $0.softplus()
    } exact: {
      max($0, 0) + log1p(exp(-abs($0)))
    },
    Case(name: "gelu", range: -0.7...1000, units: 8) {
      $0.gelu()
    } exact: {
      gelu($0)
    },
    Case(name: "geluTanh", range: -0.7...1000, units: 4) {
      $0.geluTanh()
    } exact: {
      geluTanh($0)
    },
  ]

  /// Floats of a range, the same distance apart in the order of their bits.
  private func samples(_ range: ClosedRange<Float>) -> [Float] {
    stride(from: UInt32(0), to: 0xFFFF_0000, by: 20011).map { Float(bitPattern: $0) }
      .filter { range.contains($0) && ($0.isNormal || $0 == 0) }
  }

  @Test("stay within the documented bound", arguments: cases)
  func bound(_ function: Case) throws {
    let x = samples(function.range)
    #expect(x.count > 10_000)
    let y = try function.function(Tensor(x)).scalars(as: Float.self)
    var worst = (error: 0.0, at: Float(0))
    for (x, y) in zip(x, y) {
      let exact = function.exact(Double(x))
      let rounded = Float(exact)
      // Results that a float holds with all its digits.
      guard rounded.isNormal else { continue }
      let error = abs(Double(y) - exact) / Double(rounded.ulp)
      if !(error <= worst.error) { worst = (error, x) }
    }
    #expect(worst.error <= function.units, "at \(worst.at)")
  }

  @Test("the tails of the GELUs stay within 3e-7 of the exact values, and fall to zero")
  func tails() throws {
    let x = samples(-30 ... -0.7)
    #expect(x.count > 1000)
    for (function, exact) in [
      ({ (x: Tensor) in x.gelu() }, Self.gelu), ({ (x: Tensor) in x.geluTanh() }, Self.geluTanh),
    ] {
      let y = try function(Tensor(x)).scalars(as: Float.self)
      let worst = zip(x, y).map { abs(Double($1) - exact(Double($0))) }.max() ?? 1
      #expect(worst < 3e-7)
      let far = try function(Tensor([-20, -1e30, -.infinity] as [Float])).scalars(as: Float.self)
      #expect(far == [0, 0, 0])
    }
  }

  @Test("NaN of any payload stays NaN")
  func notANumber() throws {
    let x = Tensor(
      [0x7FC0_0000, 0x7F80_0001, 0xFF80_FFFF, 0xFFFF_FFFF].map(Float.init(bitPattern:)))
    for function in Self.cases {
      let y = try function.function(x).scalars(as: Float.self)
      #expect(y.allSatisfy { $0.isNaN }, "\(function.name)")
    }
  }
}
