/// Pictures of equal size, side by side with borders of one pixel.
public struct ImageGrid: Sendable {
  /// Pictures per row.
  public let columns: Int
  /// The gray value between pictures.
  public let border: UInt8

  public init(columns: Int = 10, border: UInt8 = 128) {
    self.columns = columns
    self.border = border
  }

  /// Returns one picture holding all of `images`, row by row.
  ///
  /// - Shape: `images[N, H, W]` or `[N, H, W, C]`, C from 1 to 4; `uint8` 0…255, or floating 0…1
  ///   (values outside are clamped, NaN shows as 0).
  /// - Throws: `DataError` for another shape, no pictures, or a column count below 1.
  public func image(of images: HostArray) throws -> Image {
    let shape = images.shape.count == 3 ? images.shape + [1] : images.shape
    guard shape.count == 4, (1...4).contains(shape[3]), shape.allSatisfy({ $0 > 0 }), columns > 0
    else {
      throw DataError(
        "image grid",
        .mismatch(
          "needs images [N, H, W, C] and columns ≥ 1, has \(images.shape) and \(columns)"))
    }
    let (count, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let across = min(columns, count)
    let down = (count + across - 1) / across
    let totalWidth = across * (width + 1) + 1
    let totalHeight = down * (height + 1) + 1
    let samples = Self.bytes(of: images)
    var pixels = [UInt8](repeating: border, count: totalWidth * totalHeight * channels)
    for n in 0..<count {
      let left = (n % across) * (width + 1) + 1
      let top = (n / across) * (height + 1) + 1
      for y in 0..<height {
        let source = (n * height + y) * width * channels
        let target = ((top + y) * totalWidth + left) * channels
        for i in 0..<(width * channels) { pixels[target + i] = samples[source + i] }
      }
    }
    return try Image(width: totalWidth, height: totalHeight, channels: channels, pixels: pixels)
  }

  private static func bytes(of images: HostArray) -> [UInt8] {
    if images.dtype == .uint8 { return images.bytes }
    return images.doubles().map { value in
      value.isNaN ? 0 : UInt8((min(max(value, 0), 1) * 255).rounded())
    }
  }
}
