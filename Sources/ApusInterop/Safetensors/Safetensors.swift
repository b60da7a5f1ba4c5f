import ApusCore

/// Named tensors and notes as a safetensors file holds them.
///
/// - Source: safetensors format: eight bytes of header length (little endian), a JSON header, data.
public struct Safetensors: Sendable {
  /// A tensor and its name.
  public struct Entry: Sendable {
    public let name: String
    public let tensor: Tensor
    public init(name: String, tensor: Tensor) {
      self.name = name
      self.tensor = tensor
    }
  }

  /// The tensors, in the order of the file.
  public var entries: [Entry]
  /// Free text, such as `format` or a training step.
  public var metadata: [String: String]

  public init(_ entries: [Entry], metadata: [String: String] = [:]) {
    self.entries = entries
    self.metadata = metadata
  }

  /// The tensor of a name.
  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }
}

extension Safetensors {
  /// Reads a file.
  ///
  /// - Throws: ``FileError`` saying what is wrong: unreadable, truncated, foreign, or tensors that
  ///   overlap, leave gaps or lie outside.
  public init(contentsOf path: String) throws(FileError) {
    let file = try InputFile(path)
    let (header, begin) = try Self.header(of: file)
    var entries: [Entry] = []
    for entry in header.entries {
      guard let storage = Storage(uninitialized: entry.type.byteCount) else {
        throw FileError(
          path: path, reason: "no memory for \"\(entry.name)\", \(entry.type.byteCount) bytes")
      }
      try file.read(
        UnsafeMutableRawBufferPointer(start: storage.pointer, count: entry.type.byteCount),
        at: begin + entry.begin)
      entries.append(
        Entry(name: entry.name, tensor: Tensor(storage: storage, type: entry.type)))
    }
    self.init(entries, metadata: header.metadata)
  }

  /// Reads the free text of a file, not the tensors.
  public static func metadata(of path: String) throws(FileError) -> [String: String] {
    try header(of: try InputFile(path)).header.metadata
  }

  private static func header(
    of file: InputFile
  ) throws(FileError) -> (header: SafetensorsHeader, dataBegin: Int) {
    func refuse(_ reason: String) -> FileError {
      FileError(path: file.path, reason: "not a valid safetensors file: \(reason)")
    }
    guard file.size >= 8 else {
      throw refuse("has \(file.size) bytes, needs 8 for the header's length")
    }
    let length = try file.bytes(at: 0, count: 8).reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    guard length <= UInt64(SafetensorsHeader.limit) else {
      throw refuse("a header of \(length) bytes; the limit is \(SafetensorsHeader.limit)")
    }
    let begin = 8 + Int(length)
    guard begin <= file.size else {
      throw refuse("truncated: a header of \(length) bytes, the file has \(file.size - 8)")
    }
    let bytes = try file.bytes(at: 8, count: Int(length))
    do throws(HeaderJSON.Mistake) {
      return (try SafetensorsHeader(json: bytes, dataSize: file.size - begin), begin)
    } catch { throw refuse(error.reason) }
  }

  /// Writes a file in one step: a crash or full disk leaves the previous one as it was.
  ///
  /// Larger elements come first, so that every tensor is aligned to its element.
  /// - Throws: The error of a failed tensor; ``FileError`` when the system refuses, or when a name
  ///   occurs twice.
  public func write(to path: String) throws {
    try eval(entries.map(\.tensor))
    var seen: Set<String> = []
    for entry in entries where !seen.insert(entry.name).inserted {
      throw FileError(path: path, reason: "the name \"\(entry.name)\" occurs twice")
    }
    let ordered = entries.enumerated().sorted { a, b in
      let sizes = (a.element.tensor.dtype.byteCount, b.element.tensor.dtype.byteCount)
      return sizes.0 != sizes.1 ? sizes.0 > sizes.1 : a.offset < b.offset
    }.map(\.element)
    var header = SafetensorsHeader()
    header.metadata = metadata
    var end = 0
    for entry in ordered {
      let begin = end
      end += entry.tensor.type.byteCount
      header.entries.append(
        .init(name: entry.name, type: entry.tensor.type, begin: begin, end: end))
    }
    let json = header.json()
    guard json.count <= SafetensorsHeader.limit else {
      throw FileError(path: path, reason: "the header would have \(json.count) bytes")
    }
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
    let storages = try ordered.map { try $0.tensor.evaluatedStorage() }
    try withExtendedLifetime(storages) {
      try prefix.withUnsafeBytes { head in
        let parts = try zip(storages, ordered).map {
          UnsafeRawBufferPointer(start: try $0.onHost(), count: $1.tensor.type.byteCount)
        }
        do throws(SystemError) { try AtomicWriter.write([head] + parts, to: path) } catch {
          throw FileError(path: path, doing: "write", code: error.code)
        }
      }
    }
  }
}
