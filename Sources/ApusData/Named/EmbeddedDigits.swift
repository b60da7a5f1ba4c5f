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
      throw DataError(source, .truncated(
        claim: "header says \(HostArray.product(shape)) pixels", available: coded.count))
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(needed)
    var rest = coded.makeIterator()
    while let byte = rest.next() {
      if byte != 0 {
        pixels.append(byte)
      } else if let run = rest.next(), run > 0 {
        pixels.append(contentsOf: repeatElement(0, count: Int(run)))
      } else {
        throw DataError(source, .corrupt("a run of zeros has no length"))
      }
    }
    return (
      try HostArray(dtype: .uint8, shape: shape, bytes: pixels, source: source),
      try HostArray(dtype: .uint8, shape: [shape[0]], bytes: Array(labels), source: source)
    )
  }
}
