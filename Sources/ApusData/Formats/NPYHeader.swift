/// The header of an NPY file: a Python dictionary literal with exactly three keys.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
///
/// - Source: NumPy documentation, `numpy.lib.format`.
struct NPYHeader: Hashable {
  var descriptor: String
  var fortranOrder: Bool
  var shape: [Int]

  init(descriptor: String, fortranOrder: Bool, shape: [Int]) {
    self.descriptor = descriptor
    self.fortranOrder = fortranOrder
    self.shape = shape
  }

  /// Parses the literal.
  ///
  /// - Throws: `DataError` quoting what was expected and where.
  init(parsing text: ArraySlice<UInt8>, source: String) throws {
    var scanner = PythonLiteralScanner(text, source: source)
    var descriptor: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    try scanner.expect("{")
    while !scanner.skip("}") {
      let key = try scanner.string()
      try scanner.expect(":")
      switch key {
      case "descr":
        guard scanner.next != UInt8(ascii: "[") else {
          throw DataError(source, .unsupported("structured NPY arrays (descr is a list)"))
        }
        descriptor = try scanner.string()
      case "fortran_order": fortranOrder = try scanner.boolean()
      case "shape": shape = try scanner.tuple()
      default: throw DataError(source, .corrupt("NPY header has an unknown key '\(key)'"))
      }
      if !scanner.skip(",") {
        try scanner.expect("}")
        break
      }
    }
    try scanner.expectEnd()
    guard let descriptor, let fortranOrder, let shape else {
      let missing = [
        descriptor == nil ? "'descr'" : nil, fortranOrder == nil ? "'fortran_order'" : nil,
        shape == nil ? "'shape'" : nil,
      ].compactMap { $0 }
      throw DataError(
        source, .corrupt("NPY header lacks \(missing.joined(separator: ", "))"))
    }
    self.init(descriptor: descriptor, fortranOrder: fortranOrder, shape: shape)
  }

  /// The literal, as NumPy writes it.
  var literal: String {
    let sizes = shape.map(String.init).joined(separator: ", ")
    let tuple = shape.count == 1 ? "(\(sizes),)" : "(\(sizes))"
    let order = fortranOrder ? "True" : "False"
    return "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': \(tuple), }"
  }
}

/// Reads the few Python literals that NPY headers consist of.
struct PythonLiteralScanner {
  private var rest: ArraySlice<UInt8>
  private let start: Int
  private let source: String

  init(_ text: ArraySlice<UInt8>, source: String) {
    self.rest = text
    self.start = text.startIndex
    self.source = source
  }

  /// The next byte that is not blank.
  var next: UInt8? {
    mutating get {
      rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }
      return rest.first
    }
  }

  mutating func skip(_ mark: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: mark) else { return false }
    rest.removeFirst()
    return true
  }

  mutating func expect(_ mark: Unicode.Scalar) throws {
    guard skip(mark) else { throw failure("'\(mark)'") }
  }

  mutating func expectEnd() throws {
    guard next == nil else { throw failure("nothing more") }
  }

  mutating func string() throws -> String {
    guard let quote = next, quote == 0x27 || quote == 0x22 else { throw failure("a string") }
    let body = rest.dropFirst().prefix { $0 != quote }
    guard body.endIndex < rest.endIndex else { throw failure("a closing quote") }
    rest = rest[(body.endIndex + 1)...]
    return String(decoding: body, as: UTF8.self)
  }

  mutating func boolean() throws -> Bool {
    _ = next
    for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
      rest = rest.dropFirst(word.utf8.count)
      return value
    }
    throw failure("True or False")
  }

  mutating func tuple() throws -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !skip(")") {
      _ = next
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
        throw failure("a size of an axis")
      }
      rest = rest[digits.endIndex...]
      _ = skip("L")  // Python 2 wrote long integers so.
      values.append(value)
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return values
  }

  private func failure(_ expected: String) -> DataError {
    let found = rest.isEmpty ? "the end" : "'\(String(decoding: rest.prefix(12), as: UTF8.self))'"
    return DataError(
      source,
      .corrupt(
        "NPY header: expected \(expected) at character \(rest.startIndex - start), found \(found)"))
  }
}
