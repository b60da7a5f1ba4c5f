/// Changes samples on their way into a batch, such as random shifts of images.
///
/// All randomness must come from ``LoadedBatch/random(row:)``, which depends on seed, epoch and
/// sample alone; then neither batch size nor threads nor order change a sample.
public protocol BatchTransform: Sendable {
  /// Refuses columns that the transform cannot work on.
  func check(_ columns: [ColumnType]) throws

  /// Changes the samples in place.
  func apply(to batch: LoadedBatch)
}

/// The memory of one batch while it is being filled.
public struct LoadedBatch {
  public let columns: [ColumnType]
  /// One buffer per column, row after row.
  public let buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  public let epoch: Int
  /// The number of samples.
  public let count: Int

  let seed: UInt64
  let transform: Int
  let order: [Int]?
  let start: Int

  /// Returns the random numbers of the sample in `row`.
  public func random(row: Int) -> SampleRandom {
    SampleRandom(
      seed: seed, epoch: epoch, sample: sample(in: row),
      purpose: SampleRandom.Purpose.transform.rawValue &+ UInt32(truncatingIfNeeded: transform))
  }

  /// The position in the data set of the sample in `row`.
  private func sample(in row: Int) -> Int {
    let place = start &+ row
    return order.flatMap { $0.indices.contains(place) ? $0[place] : nil } ?? place
  }

  /// Returns the memory of one sample; empty for a row or column out of range.
  public func sample(row: Int, column: Int) -> UnsafeMutableRawBufferPointer {
    guard (0..<count).contains(row), columns.indices.contains(column) else {
      return UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    let width = columns[column].byteCount
    return UnsafeMutableRawBufferPointer(
      rebasing: buffers[column][(row * width)..<((row + 1) * width)])
  }
}

/// Moves images by up to `pixels` in each direction, every offset equally likely; zeros come in.
///
/// - Shape: column `[N, H, W, C]` or `[N, H, W]`, any dtype.
public struct RandomShift: BatchTransform {
  public let pixels: Int
  public let column: String

  public init(pixels: Int, column: String = "inputs") {
    self.pixels = pixels
    self.column = column
  }

  public func check(_ columns: [ColumnType]) throws {
    guard let type = columns.first(where: { $0.name == column }) else {
      throw DataError(
        "random shift",
        .unknown(
          kind: "column", name: column, known: columns.map(\.name)))
    }
    guard type.shape.count == 2 || type.shape.count == 3 else {
      throw DataError(
        "random shift",
        .mismatch(
          "needs images [H, W, C] or [H, W], \"\(column)\" holds \(type.shape)"))
    }
    guard pixels >= 0, pixels < min(type.shape[0], type.shape[1]) else {
      throw DataError(
        "random shift",
        .mismatch(
          "cannot move images of \(type.shape[0]) × \(type.shape[1]) by up to \(pixels) pixels"))
    }
  }

  public func apply(to batch: LoadedBatch) {
    guard pixels > 0, let index = batch.columns.firstIndex(where: { $0.name == column }) else {
      return
    }
    let type = batch.columns[index]
    let (height, width) = (type.shape[0], type.shape[1])
    let pixelBytes = type.byteCount / max(1, height * width)
    for row in 0..<batch.count {
      var random = batch.random(row: row)
      let dy = random.integer(below: 2 * pixels + 1) - pixels
      let dx = random.integer(below: 2 * pixels + 1) - pixels
      Self.shift(
        batch.sample(row: row, column: index), rows: height, rowBytes: width * pixelBytes, down: dy,
        right: dx * pixelBytes)
    }
  }

  /// Moves rows of bytes inside `image`, last rows first when moving down.
  static func shift(
    _ image: UnsafeMutableRawBufferPointer, rows: Int, rowBytes: Int, down: Int, right: Int
  ) {
    guard let base = image.baseAddress, down != 0 || right != 0 else { return }
    let kept = rowBytes - abs(right)
    for step in 0..<rows {
      let y = down > 0 ? rows - 1 - step : step
      let target = base + y * rowBytes
      guard (0..<rows).contains(y - down) else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: rowBytes)
        continue
      }
      let source = base + (y - down) * rowBytes
      (target + max(right, 0)).copyMemory(from: source + max(-right, 0), byteCount: kept)
      (target + (right > 0 ? 0 : kept))
        .initializeMemory(as: UInt8.self, repeating: 0, count: abs(right))
    }
  }
}
