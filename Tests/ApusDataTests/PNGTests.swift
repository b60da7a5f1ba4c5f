import Testing

@testable import ApusData

@Suite("PNG") struct PNGTests {
  @Test("colour types, depths, filters and interlacing are read", arguments: Goldens.png.indices)
  func goldens(_ index: Int) throws {
    let (name, file, shape, pixels) = Goldens.png[index]
    let image = try PNG.decode(base64(file), source: name)
    #expect([image.height, image.width, image.channels] == shape)
    #expect(image.pixels == base64(pixels))
  }

  @Test("pictures survive writing, with and without zlib", arguments: 1...4)
  func roundTrip(_ channels: Int) throws {
    let pixels = (0..<(40 * 30 * channels)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let image = try Image(width: 40, height: 30, channels: channels, pixels: pixels)
    #expect(try PNG.decode(PNG.encode(image), source: "p") == image)
    #expect(try PNG.decode(PNG.encode(image, library: nil), source: "p") == image)
    try withFolder { folder in
      try PNG.write(image, to: "\(folder)/a.png")
      #expect(try PNG.read("\(folder)/a.png") == image)
    }
  }

  @Test("every truncation is refused and no damage traps")
  func damage() {
    for (_, file, _, _) in Goldens.png.prefix(3) + Goldens.png.suffix(3) {
      checkRefusesEveryPrefix(of: base64(file)) { try PNG.decode($0, source: "t") }
      checkSurvivesDamage(of: base64(file), rounds: 500) { try PNG.decode($0, source: "t") }
    }
  }

  @Test("damage behind a correct check value does not trap")
  func innerDamage() throws {
    for (_, file, _, _) in Goldens.png {
      let bytes = base64(file)
      var random = SampleRandom(seed: 3, epoch: 0, sample: 0, purpose: 1)
      for _ in 0..<60 {
        var damaged = bytes
        // IHDR stands at 12…28, its check value follows.
        damaged[16 + random.integer(below: 13)] = UInt8(random.integer(below: 18))
        var check: [UInt8] = []
        check.append(CRC32.of(damaged[12..<29]), .big)
        damaged.replaceSubrange(29..<33, with: check)
        do { _ = try PNG.decode(damaged, source: "t") } catch { #expect(error is DataError) }
      }
    }
  }

  @Test("refusals name what is wrong")
  func refusals() throws {
    checkRefusal("f: not a PNG file: starts with bytes ff d8 ff") {
      try PNG.decode([0xFF, 0xD8, 0xFF], source: "f")
    }
    var bytes = base64(try #require(Goldens.png.first).1)
    checkRefusal("f: truncated: a chunk type needs 4 bytes at offset 12, file has 14") {
      try PNG.decode(Array(bytes[..<14]), source: "f")
    }
    bytes[19] ^= 1
    let error = #expect(throws: DataError.self) { try PNG.decode(bytes, source: "f") }
    #expect(error?.description.hasPrefix("f: corrupt: CRC of chunk IHDR should be ") == true)
    checkRefusal("image: 2 × 2 × 1 does not fit 3 samples") {
      try Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3])
    }
  }

  @Test("shades of gray follow ITU-R BT.601")
  func luminance() throws {
    let image = try Image(width: 2, height: 1, channels: 3, pixels: [255, 0, 0, 10, 20, 30])
    #expect(image.luminance() == [76, 18])
    let gray = try Image(width: 1, height: 1, channels: 2, pixels: [9, 255])
    #expect(gray.luminance() == [9])
  }
}
