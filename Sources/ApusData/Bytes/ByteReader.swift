/// A bounds-checked cursor over the bytes of a file; no read past the end is possible.
struct ByteReader {
  enum Order { case little, big }

  let source: String
  let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8], source: String) {
    self.bytes = bytes
    self.source = source
  }

  var remaining: Int { bytes.count - offset }

  /// Moves the cursor.
  ///
  /// - Throws: `DataError` when `offset` is outside the file.
  mutating func seek(to offset: Int, for what: String) throws {
    guard offset >= 0, offset <= bytes.count else {
      throw DataError(
        source,
        .corrupt(
          "\(what) is said to be at offset \(offset), "
            + "file has \(bytes.count) bytes"))
    }
    self.offset = offset
  }

  /// Returns the next `count` bytes.
  ///
  /// - Throws: `DataError` naming `what` when fewer are left.
  mutating func take(_ count: Int, for what: String) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      let claim = "\(what) needs \(count) bytes at offset \(offset)"
      throw DataError(source, .truncated(claim: claim, available: bytes.count))
    }
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  /// Returns the next unsigned integer of `I`'s width.
  ///
  /// - Throws: `DataError` naming `what` when too few bytes are left.
  mutating func integer<I: FixedWidthInteger & UnsignedInteger>(
    _ type: I.Type, _ order: Order, for what: String
  ) throws -> I {
    let slice = try take(I.bitWidth / 8, for: what)
    var value: I = 0
    switch order {
    case .big: for byte in slice { value = value << 8 | I(truncatingIfNeeded: byte) }
    case .little: for byte in slice.reversed() { value = value << 8 | I(truncatingIfNeeded: byte) }
    }
    return value
  }

  /// Refuses a file whose first bytes are not `magic`.
  mutating func expect(magic: [UInt8], format: String) throws {
    guard bytes.count >= offset + magic.count,
      Array(bytes[offset..<(offset + magic.count)]) == magic
    else {
      let found = Array(bytes[offset...].prefix(magic.count))
      throw DataError(source, .foreign(format: format, found: found))
    }
    offset += magic.count
  }

  /// Refuses bytes after the end.
  func expectEnd() throws {
    if remaining > 0 { throw DataError(source, .trailing(count: remaining)) }
  }
}

extension [UInt8] {
  /// Appends an integer in the given byte order.
  mutating func append<I: FixedWidthInteger>(_ value: I, _ order: ByteReader.Order) {
    Swift.withUnsafeBytes(of: order == .big ? value.bigEndian : value.littleEndian) {
      append(contentsOf: $0)
    }
  }

  /// Reverses the bytes of every `width`-byte element in place.
  mutating func swapBytes(width: Int) {
    guard width > 1 else { return }
    withUnsafeMutableBufferPointer { buffer in
      for start in stride(from: 0, to: buffer.count - width + 1, by: width) {
        for i in 0..<(width / 2) { buffer.swapAt(start + i, start + width - 1 - i) }
      }
    }
  }
}
