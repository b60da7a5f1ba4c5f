/// Writes the fields of a message.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  /// A number from 0, high bytes first; one that does not fit becomes the largest that does.
  mutating func number(_ value: Int, bytes count: Int) {
    let largest = 1 << (8 * count) - 1
    let value = min(max(value, 0), largest)
    for place in (0..<count).reversed() {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place)))
    }
  }

  /// A length and so many bytes.
  mutating func field(_ value: [UInt8]) {
    number(value.count, bytes: 4)
    bytes += value
  }

  mutating func pair(_ kind: Int, _ key: [UInt8], _ value: [UInt8]) {
    bytes.reserveCapacity(key.count + value.count + 9)
    number(kind, bytes: 1)
    field(key)
    field(value)
  }
}

/// Reads the fields of a message.
struct FieldReader {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func take(_ count: Int) throws(StoreError) -> ArraySlice<UInt8> {
    guard count <= bytes.count - place else {
      throw StoreError(
        .invalid, "a message of \(bytes.count) bytes is too short: \(count) more at \(place)")
    }
    defer { place += count }
    return bytes[place..<place + count]
  }

  mutating func number(bytes count: Int) throws(StoreError) -> Int {
    try take(count).reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func field() throws(StoreError) -> [UInt8] {
    let count = try number(bytes: 4)
    return Array(try take(count))
  }

  func end() throws(StoreError) {
    guard place == bytes.count else {
      throw StoreError(.invalid, "a message has \(bytes.count - place) bytes too many")
    }
  }
}
