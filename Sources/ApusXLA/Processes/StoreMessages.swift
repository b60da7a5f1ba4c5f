/// What a client asks of the store.
enum StoreRequest: Sendable, Hashable {
  /// The first message of a connection.
  case hello(token: [UInt8])
  case put(key: [UInt8], value: [UInt8])
  /// As `put`, refused where the key is known with another value.
  case create(key: [UInt8], value: [UInt8])
  /// Waits for a value; without a time to wait, tells at once that there is none.
  case get(key: [UInt8], milliseconds: Int)
  /// Waits until all members have come; tells whether one of them raised the flag.
  case meet(name: [UInt8], member: Int, count: Int, flag: Bool, milliseconds: Int)
  /// Put when this connection ends, unless it is taken back.
  case will(key: [UInt8], value: [UInt8])
  case takeBackWill
}

/// What the store answers.
enum StoreReply: Sendable, Hashable {
  case done
  case value([UInt8])
  case met(flag: Bool)
  case refused(StoreError)
}

/// Messages are a count of bytes, 4 of them, high ones first, and then a kind and its fields.
enum StoreFrame {
  static let version: UInt8 = 1
  static let mark = Array("apus-store".utf8)
  static let headerBytes = 4

  static func framed(_ body: [UInt8]) -> [UInt8] {
    var writer = FieldWriter()
    writer.number(body.count, bytes: headerBytes)
    return writer.bytes + body
  }

  /// The length that a frame begins with, once its bytes are there.
  static func length(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count >= headerBytes else { return nil }
    return bytes.prefix(headerBytes).reduce(0) { $0 << 8 | Int($1) }
  }
}

extension StoreRequest {
  var bytes: [UInt8] {
    var writer = FieldWriter()
    switch self {
    case .hello(let token):
      writer.number(0, bytes: 1)
      writer.field(StoreFrame.mark)
      writer.number(Int(StoreFrame.version), bytes: 1)
      writer.field(token)
    case .put(let key, let value): writer.pair(1, key, value)
    case .create(let key, let value): writer.pair(2, key, value)
    case .get(let key, let milliseconds):
      writer.number(3, bytes: 1)
      writer.field(key)
      writer.number(milliseconds, bytes: 4)
    case .meet(let name, let member, let count, let flag, let milliseconds):
      writer.number(4, bytes: 1)
      writer.field(name)
      writer.number(member, bytes: 4)
      writer.number(count, bytes: 4)
      writer.number(flag ? 1 : 0, bytes: 1)
      writer.number(milliseconds, bytes: 4)
    case .will(let key, let value): writer.pair(5, key, value)
    case .takeBackWill: writer.number(6, bytes: 1)
    }
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws(StoreError) {
    var reader = FieldReader(bytes)
    let kind = try reader.number(bytes: 1)
    switch kind {
    case 0:
      guard try reader.field() == StoreFrame.mark else {
        throw StoreError(.invalid, "this is no client of an Apus store")
      }
      let version = try reader.number(bytes: 1)
      guard version == StoreFrame.version else {
        throw StoreError(
          .invalid, "the client speaks version \(version), the store \(StoreFrame.version)")
      }
      self = .hello(token: try reader.field())
    case 1: self = .put(key: try reader.field(), value: try reader.field())
    case 2: self = .create(key: try reader.field(), value: try reader.field())
    case 3: self = .get(key: try reader.field(), milliseconds: try reader.number(bytes: 4))
    case 4:
      self = .meet(
        name: try reader.field(), member: try reader.number(bytes: 4),
        count: try reader.number(bytes: 4), flag: try reader.number(bytes: 1) != 0,
        milliseconds: try reader.number(bytes: 4))
    case 5: self = .will(key: try reader.field(), value: try reader.field())
    case 6: self = .takeBackWill
    default: throw StoreError(.invalid, "a message of unknown kind \(kind)")
    }
    try reader.end()
  }
}

extension StoreReply {
  var bytes: [UInt8] {
    var writer = FieldWriter()
    switch self {
    case .done: writer.number(0, bytes: 1)
    case .value(let value):
      writer.number(1, bytes: 1)
      writer.field(value)
    case .met(let flag):
      writer.number(2, bytes: 1)
      writer.number(flag ? 1 : 0, bytes: 1)
    case .refused(let error):
      writer.number(3, bytes: 1)
      writer.number(Int(error.code.rawValue), bytes: 4)
      writer.field(Array(error.reason.utf8))
    }
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws(StoreError) {
    var reader = FieldReader(bytes)
    let kind = try reader.number(bytes: 1)
    switch kind {
    case 0: self = .done
    case 1: self = .value(try reader.field())
    case 2: self = .met(flag: try reader.number(bytes: 1) != 0)
    case 3:
      let number = try reader.number(bytes: 4)
      let code = StoreError.Code(rawValue: Int32(truncatingIfNeeded: number)) ?? .unavailable
      self = .refused(StoreError(code, String(decoding: try reader.field(), as: UTF8.self)))
    default: throw StoreError(.invalid, "an answer of unknown kind \(kind)")
    }
    try reader.end()
  }
}
