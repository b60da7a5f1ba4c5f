/// A 16-bit float with the exponent range of `Float` and 8 bits of precision.
///
/// - Source: Google bfloat16; conversion rounds to nearest, ties to even.
public struct BFloat16: Sendable, Hashable {
  public let bitPattern: UInt16

  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    } else {
      let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
      bitPattern = UInt16(truncatingIfNeeded: rounded >> 16)
    }
  }

  /// The exact value as a `Float`.
  public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
