import Apus

/// A picture made ready for a network that was trained on light strokes on a dark ground.
struct Picture {
  /// Samples from 0 (ground) to 1 (stroke), row by row.
  private(set) var values: [Double]
  private(set) var width: Int
  private(set) var height: Int

  /// Reads a PNG file in shades of gray.
  init(path: String) throws {
    let image = try PNG.read(path)
    values = image.luminance().map { Double($0) / 255 }
    width = image.width
    height = image.height
  }

  /// Swaps light and dark.
  mutating func invert() { for index in values.indices { values[index] = 1 - values[index] } }

  /// Whether the outermost pixels are light on average, as on scanned paper.
  var hasLightBorder: Bool {
    var (sum, count) = (0.0, 0.0)
    for y in 0..<height {
      for x in 0..<width where y == 0 || x == 0 || y == height - 1 || x == width - 1 {
        sum += values[y * width + x]
        count += 1
      }
    }
    return sum > 0.5 * count
  }

  /// Scales the picture into `size × size`, keeping its proportions: centred, ground around it,
  /// each new pixel the mean of the area it covers.
  mutating func fit(_ size: Int) {
    let scale = Double(max(width, height)) / Double(size)
    let (left, top) = (
      (Double(size) * scale - Double(width)) / 2, (Double(size) * scale - Double(height)) / 2
    )
    var result: [Double] = []
    for y in 0..<size {
      let rows = Self.cover(Double(y) * scale - top, scale, limit: height)
      for x in 0..<size {
        let columns = Self.cover(Double(x) * scale - left, scale, limit: width)
        var sum = 0.0
        for (row, down) in rows {
          for (column, across) in columns { sum += values[row * width + column] * down * across }
        }
        result.append(sum / (scale * scale))
      }
    }
    (values, width, height) = (result, size, size)
  }

  /// The pixels that `length` from `start` covers, and how much of each.
  private static func cover(
    _ start: Double, _ length: Double, limit: Int
  ) -> [(index: Int, share: Double)] {
    let begin = max(start, 0)
    let end = min(start + length, Double(limit))
    guard begin < end else { return [] }
    return (Int(begin)..<min(Int(end.rounded(.up)), limit)).map { index in
      (index, min(end, Double(index + 1)) - max(begin, Double(index)))
    }
  }
}
