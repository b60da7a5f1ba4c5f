/// The JSON of a header, in the order it is written, so that names that occur twice are seen.
indirect enum HeaderJSON: Equatable {
  case object([Member])
  case array([HeaderJSON])
  case string(String)
  case integer(Int)

  struct Member: Equatable {
    let name: String
    let value: HeaderJSON
  }

  /// What keeps bytes from being the JSON of a header.
  struct Mistake: Error {
    let reason: String
  }

  /// Reads one value; only spaces may follow.
  static func parse(_ bytes: [UInt8]) throws(Mistake) -> HeaderJSON {
    var reader = HeaderJSONReader(bytes)
    let value = try reader.value(depth: 0)
    reader.skipBlanks()
    if reader.place < bytes.count { throw reader.mistake("something follows the header") }
    return value
  }
}

/// Reads the part of JSON that headers use: objects, arrays, strings and whole numbers.
struct HeaderJSONReader {
  private let bytes: [UInt8]
  private(set) var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func mistake(_ what: String) -> HeaderJSON.Mistake {
    HeaderJSON.Mistake(reason: "\(what) at byte \(place) of the header")
  }

  mutating func skipBlanks() {
    while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
  }

  mutating func value(depth: Int) throws(HeaderJSON.Mistake) -> HeaderJSON {
    skipBlanks()
    guard place < bytes.count else { throw mistake("a value is missing") }
    guard depth < 16 else { throw mistake("values nest too deeply") }
    switch bytes[place] {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["): return .array(try elements(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try integer())
    default: throw mistake("unexpected character")
    }
  }

  private mutating func take(_ character: Character) -> Bool {
    skipBlanks()
    guard place < bytes.count, bytes[place] == character.asciiValue else { return false }
    place += 1
    return true
  }

  private mutating func members(depth: Int) throws(HeaderJSON.Mistake) -> [HeaderJSON.Member] {
    place += 1
    var members: [HeaderJSON.Member] = []
    if take("}") { return members }
    while true {
      skipBlanks()
      guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else {
        throw mistake("a name is missing")
      }
      let name = try string()
      guard take(":") else { throw mistake("a colon is missing") }
      members.append(.init(name: name, value: try value(depth: depth + 1)))
      if take("}") { return members }
      guard take(",") else { throw mistake("a comma or brace is missing") }
    }
  }

  private mutating func elements(depth: Int) throws(HeaderJSON.Mistake) -> [HeaderJSON] {
    place += 1
    var elements: [HeaderJSON] = []
    if take("]") { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      if take("]") { return elements }
      guard take(",") else { throw mistake("a comma or bracket is missing") }
    }
  }

  private mutating func integer() throws(HeaderJSON.Mistake) -> Int {
    var number = 0
    while place < bytes.count, bytes[place] >= 0x30, bytes[place] <= 0x39 {
      let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[place] - 0x30))
      if overflow || carry { throw mistake("a number is too large") }
      number = sum
      place += 1
    }
    return number
  }

  private mutating func string() throws(HeaderJSON.Mistake) -> String {
    place += 1
    var text: [UInt8] = []
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == UInt8(ascii: "\"") {
        guard let string = String(validating: text, as: UTF8.self) else {
          throw mistake("a string is not UTF-8")
        }
        return string
      }
      if byte < 0x20 { throw mistake("a control character stands in a string") }
      if byte == UInt8(ascii: "\\") {
        try text.append(contentsOf: escape())
      } else {
        text.append(byte)
      }
    }
    throw mistake("a string has no end")
  }

  private mutating func escape() throws(HeaderJSON.Mistake) -> [UInt8] {
    guard place < bytes.count else { throw mistake("a string has no end") }
    let byte = bytes[place]
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code & 0xFC00 == 0xD800, place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
        bytes[place + 1] == UInt8(ascii: "u")
      {
        place += 2
        let low = try hexadecimal()
        guard low & 0xFC00 == 0xDC00 else { throw mistake("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw mistake("half a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw mistake("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(HeaderJSON.Mistake) -> UInt32 {
    guard place + 4 <= bytes.count,
      bytes[place..<place + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let code = UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
    else { throw mistake("four hexadecimal digits are missing") }
    place += 4
    return code
  }
}
