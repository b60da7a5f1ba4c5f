import ApusCore

/// A picture: 8-bit samples, row by row, channels interleaved.
///
/// Channels are gray (1), gray and alpha (2), RGB (3) or RGBA (4).
public struct Image: Sendable, Hashable {
  public let width: Int
  public let height: Int
  public let channels: Int
  public let pixels: [UInt8]

  /// Creates a picture.
  ///
  /// - Throws: `DataError` when the sizes are not positive or `pixels` does not fit them.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws {
    let needed = try HostArray.byteCount(
      dtype: .uint8, shape: [height, width, channels], source: "image")
    guard width > 0, height > 0, (1...4).contains(channels), pixels.count == needed else {
      throw DataError(
        "image",
        .mismatch(
          "\(height) × \(width) × \(channels) does not fit \(pixels.count) samples"))
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// The samples as a tensor: `[height, width, channels]`, `uint8`.
  public var tensor: Tensor {
    Tensor(bytes: pixels, dtype: .uint8, shape: Shape([height, width, channels]))
  }

  /// Returns the picture in shades of gray, without alpha, as `[height × width]` samples.
  ///
  /// Formula: `0.299·R + 0.587·G + 0.114·B` (ITU-R BT.601), rounded.
  public func luminance() -> [UInt8] {
    (0..<(width * height)).map { index in
      let start = index * channels
      guard channels >= 3 else { return pixels[start] }
      let (red, green, blue) = (pixels[start], pixels[start + 1], pixels[start + 2])
      let sum = 299 * Int(red) + 587 * Int(green) + 114 * Int(blue)
      return UInt8((sum + 500) / 1000)
    }
  }
}
