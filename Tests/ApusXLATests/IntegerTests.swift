import ApusCore
import ApusTestSupport
import Testing

@Suite("integers and conversions on XLA", .needsPlugin) struct IntegerTests {
  /// Ends of the range and small numbers.
  private static func numbers(_ dtype: DType) -> Tensor {
    switch dtype {
    case .int32: Tensor([Int32.min, .max, .min + 1, 0, 1, -1, 2, 7, -7, 1 << 16])
    case .int64: Tensor([Int64.min, .max, .min + 1, 0, 1, -1, 2, 7, -7, 1 << 33])
    default: Tensor([UInt8(0), 1, 2, 7, 100, 127, 128, 200, 254, 255])
    }
  }

  @Test(
    "arithmetic wraps, and division by zero gives zero", arguments: [DType.int32, .int64, .uint8])
  func arithmetic(dtype: DType) throws {
    let floating: Set = ["power", "atan2", "geluGradient", "geluTanhGradient"]
    let whole: Set = ["negate", "abs", "sign", "square", "relu"]
    let unary = UnaryOperation.all.filter { whole.contains($0.name) }
    let binary = BinaryOperation.all.filter { !floating.contains($0.name) }
    #expect(unary.count == whole.count)
    try expectAgreement {
      let x = IntegerTests.numbers(dtype)
      let n = x.count
      let (a, b) = (x.reshaped(to: [n, 1]).broadcast(to: [n, n]), x.broadcast(to: [n, n]))
      return unary.map { apply($0, [x]) } + binary.map { apply($0, [a, b]) }
        + [x.sum(), x.product(), x.max(), x.min(), x.argmax(), x.argmin()]
    }
  }

  @Test("logic on truth values")
  func logic() throws {
    try expectAgreement {
      let (a, b) = (Tensor([1.0, 1, 0, 0]) .> 0, Tensor([1.0, 0, 1, 0]) .> 0)
      return [a .& b, a .| b, a .^ b, .!a, a .== b, a .!= b, a.where(b, else: .!a)]
    }
  }

  @Test("floats convert by truncation within the range, NaN to zero", arguments: DType.allCases)
  func convertedFloats(target: DType) throws {
    let values: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 254.5, 255, 256, 300, -1, -3,
      2_147_483_520, 2_147_483_648, -2_147_483_648, -2_147_483_904, 0x1p53, 0x1p63, -0x1p63, 1e30,
      -1e30, 65504, 70000,
    ]
    try expectAgreement {
      [DType.float64, .float32, .bfloat16, .float16].map {
        Tensor(values, dtype: $0).converted(to: target)
      }
    }
  }

  @Test("integers convert to their low bits, and round to floats", arguments: DType.allCases)
  func convertedIntegers(target: DType) throws {
    try expectAgreement {
      [DType.int32, .int64, .uint8].map { IntegerTests.numbers($0).converted(to: target) }
        + [(Tensor([1.0, 0]) .> 0).converted(to: target)]
    }
  }
}
