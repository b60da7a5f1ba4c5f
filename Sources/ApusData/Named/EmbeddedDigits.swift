import CApusResources

/// The coding of the embedded digits: runs of zero pixels are counted.
///
/// - Source: Sources/CApusResources/README.md.
enum EmbeddedDigits {
  static func resource() -> [UInt8] {
    var count = 0
    return Array(UnsafeBufferPointer(start: apus_mnist5k(&count), count: count))
  }

  /// Returns images `u8[N, H, W]` and labels `u8[N]`.
  static func decode(
    _ bytes: [UInt8], source: String
  ) throws -> (images: HostArray, labels: HostArray) {
    var reader = ByteReader(bytes, source: source)
    try reader.expect(magic: Array("APUSDIG1".utf8), format: "a digits resource")
    func size(_ what: String) throws -> Int {
      Int(try reader.integer(UInt32.self, .little, for: what))
    }
    let shape = [try size("the count"), try size("the rows"), try size("the columns")]
    let length = try size("the length")
    let labels = try reader.take(shape[0], for: "the labels")
    let coded = try reader.take(length, for: "the pixels")
    try reader.expectEnd()

    let needed = try HostArray.byteCount(dtype: .uint8, shape: shape, source: source)
    guard needed / 255 <= coded.count else {
      throw DataError(
        source,
        .truncated(
          claim: "header says \(HostArray.product(shape)) pixels", available: coded.count))
    }
    let pixels = try expand(coded, count: needed, source: source)
    return (
      try HostArray(dtype: .uint8, shape: shape, bytes: pixels, source: source),
      try HostArray(dtype: .uint8, shape: [shape[0]], bytes: Array(labels), source: source)
    )
  }
  /// Returns the pixels of the coded stream, of which there must be `count`.
  private static func expand(
    _ coded: ArraySlice<UInt8>, count: Int, source: String
  ) throws -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: count)
    var position = 0
    var index = coded.startIndex
    while index < coded.endIndex {
      let byte = coded[index]
      index += 1
      if byte != 0 {
        if position < count { pixels[position] = byte }
        position += 1
      } else {
        guard index < coded.endIndex, coded[index] > 0 else {
          throw DataError(source, .corrupt("a run of zeros has no length"))
        }
        position += Int(coded[index])
        index += 1
      }
    }
    guard position == count else {
      throw DataError(source, .corrupt("the coded pixels are \(position), header says \(count)"))
    }
    return pixels
  }
}
