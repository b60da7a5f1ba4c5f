import ApusCore

extension NPY {
  /// One of NumPy's type descriptors, such as `<f4`.
  struct Element {
    let kind: String
    /// Whether the file's byte order is not the machine's.
    let swapped: Bool

    init(_ descriptor: String, source: String) throws {
      let kind = String(descriptor.dropFirst())
      guard let order = descriptor.first, "<>|=".contains(order), Self.widths[kind] != nil else {
        let what =
          kind.hasPrefix("O")
          ? "object arrays (pickled Python) are not read"
          : "NPY element type '\(descriptor)'; read are \(Self.widths.keys.sorted())"
        throw DataError(source, .unsupported(what))
      }
      self.kind = kind
      self.swapped =
        order == ">" && ByteReader.machineIsLittle || order == "<" && !ByteReader.machineIsLittle
    }

    private static let widths = [
      "f2": 2, "f4": 4, "f8": 8, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "u2": 2, "b1": 1,
    ]

    /// Bytes per element in the file.
    var width: Int { Self.widths[kind] ?? 1 }

    var dtype: DType {
      switch kind {
      case "f2": .float16
      case "f4": .float32
      case "f8": .float64
      case "i8": .int64
      case "u1": .uint8
      case "b1": .bool
      default: .int32
      }
    }

    /// Returns elements in machine byte order as elements of `dtype`.
    func converted(_ data: [UInt8]) -> [UInt8] {
      switch kind {
      case "i1": Widening.toInt32(data, from: Int8.self)
      case "i2": Widening.toInt32(data, from: Int16.self)
      case "u2": Widening.toInt32(data, from: UInt16.self)
      case "b1": data.map { $0 == 0 ? 0 : 1 }
      default: data
      }
    }

    /// The descriptor that `dtype` is written with.
    static func descriptor(of dtype: DType) -> String? {
      switch dtype {
      case .float32: "<f4"
      case .float64: "<f8"
      case .float16: "<f2"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .bool: "|b1"
      case .bfloat16: nil
      }
    }
  }
}
