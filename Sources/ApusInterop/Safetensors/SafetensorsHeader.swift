import ApusCore

/// The table of contents of a safetensors file, checked against the file's size.
struct SafetensorsHeader: Equatable {
  struct Entry: Equatable {
    let name: String
    let type: TensorType
    /// Place in the data that follows the header.
    let begin: Int
    let end: Int
  }

  var entries: [Entry] = []
  var metadata: [String: String] = [:]

  /// The largest header that is read, as in the reference implementation.
  static let limit = 100_000_000

  /// Names of dtypes in files.
  static let names: [(name: String, dtype: DType)] = [
    ("F32", .float32), ("F64", .float64), ("BF16", .bfloat16), ("F16", .float16),
    ("I32", .int32), ("I64", .int64), ("U8", .uint8), ("BOOL", .bool),
  ]

  typealias Mistake = HeaderJSON.Mistake

  init() {}

  /// Reads the JSON and checks that tensors fill the data exactly, without gap or overlap.
  init(json bytes: [UInt8], dataSize: Int) throws(Mistake) {
    guard bytes.first == UInt8(ascii: "{") else {
      throw Mistake(reason: "the header does not begin with {")
    }
    guard case .object(let members) = try HeaderJSON.parse(bytes) else {
      throw Mistake(reason: "the header is not an object")
    }
    var seen: Set<String> = []
    for member in members {
      guard seen.insert(member.name).inserted else {
        throw Mistake(reason: "the name \"\(member.name)\" occurs twice")
      }
      if member.name == "__metadata__" {
        metadata = try Self.metadata(member.value)
      } else {
        entries.append(try Self.entry(member.name, member.value))
      }
    }
    var end = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      if entry.begin < end {
        throw Mistake(
          reason: "\"\(entry.name)\" begins at byte \(entry.begin), inside data up to \(end)")
      }
      if entry.begin > end {
        throw Mistake(reason: "bytes \(end)..<\(entry.begin) of the data belong to no tensor")
      }
      end = entry.end
    }
    if end > dataSize {
      throw Mistake(
        reason: "truncated: tensors need \(end) bytes of data, the file has \(dataSize)")
    }
    if end < dataSize {
      throw Mistake(reason: "\(dataSize - end) bytes follow the last tensor")
    }
  }

  private static func metadata(_ value: HeaderJSON) throws(Mistake) -> [String: String] {
    guard case .object(let members) = value else {
      throw Mistake(reason: "__metadata__ is not an object")
    }
    var result: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw Mistake(reason: "metadata \"\(member.name)\" is not a string")
      }
      guard result.updateValue(text, forKey: member.name) == nil else {
        throw Mistake(reason: "metadata \"\(member.name)\" occurs twice")
      }
    }
    return result
  }

  private static func entry(_ name: String, _ value: HeaderJSON) throws(Mistake) -> Entry {
    guard case .object(let members) = value else {
      throw Mistake(reason: "\"\(name)\" is not an object")
    }
    var dtype: DType?
    var dims: [Int]?
    var offsets: [Int]?
    for member in members {
      switch (member.name, member.value) {
      case ("dtype", .string(let text)) where dtype == nil:
        guard let known = names.first(where: { $0.name == text })?.dtype else {
          throw Mistake(reason: "\"\(name)\" has dtype \(text), which is not supported")
        }
        dtype = known
      case ("shape", .array(let values)) where dims == nil: dims = integers(values)
      case ("data_offsets", .array(let values)) where offsets == nil: offsets = integers(values)
      default: throw Mistake(reason: "\"\(name)\" has an unexpected field \"\(member.name)\"")
      }
    }
    guard let dtype, let dims, let offsets, offsets.count == 2 else {
      throw Mistake(reason: "\"\(name)\" lacks dtype, shape or data_offsets")
    }
    let type = TensorType(dtype, dims)
    guard offsets[0] >= 0 else {
      throw Mistake(reason: "\"\(name)\" begins at byte \(offsets[0])")
    }
    guard offsets[0] <= offsets[1] else {
      throw Mistake(reason: "\"\(name)\" ends at byte \(offsets[1]), before \(offsets[0])")
    }
    guard type.byteCount == offsets[1] - offsets[0], type.byteCount < Int.max else {
      throw Mistake(
        reason: "\"\(name)\" is \(type), \(type.byteCount) bytes, but has "
          + "\(offsets[1] - offsets[0])")
    }
    if let violation = type.sizeViolation {
      throw Mistake(reason: "\"\(name)\": \(violation.reason)")
    }
    return Entry(name: name, type: type, begin: offsets[0], end: offsets[1])
  }

  private static func integers(_ values: [HeaderJSON]) -> [Int]? {
    let numbers = values.compactMap { value -> Int? in
      if case .integer(let number) = value { number } else { nil }
    }
    return numbers.count == values.count ? numbers : nil
  }
}
