/// The part of the zip format that NPZ files use: stored and deflated members, with check values.
///
/// - Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.16 and 4.5.3.
enum Zip {
  struct Member: Hashable {
    var name: String
    var bytes: [UInt8]
  }

  private static let localMark: UInt32 = 0x0403_4b50
  private static let centralMark: UInt32 = 0x0201_4b50
  private static let endMark: UInt32 = 0x0605_4b50

  /// Returns the members of an archive in the order of its directory.
  ///
  /// - Throws: `DataError` for damage, encryption, archives in parts or over 4 GiB.
  static func decode(_ bytes: [UInt8], source: String) throws -> [Member] {
    guard bytes.starts(with: [0x50, 0x4b]) else {
      throw DataError(source, .foreign(format: "a zip file", found: Array(bytes.prefix(4))))
    }
    var reader = ByteReader(bytes, source: source)
    try seekToEnd(&reader)
    _ = try reader.take(4, for: "the disk numbers")
    let here = try reader.integer(UInt16.self, .little, for: "the number of members")
    let count = try reader.integer(UInt16.self, .little, for: "the number of members")
    guard here == count else { throw DataError(source, .unsupported("zip archives in parts")) }
    _ = try reader.integer(UInt32.self, .little, for: "the directory size")
    let start = try reader.integer(UInt32.self, .little, for: "the directory offset")
    guard start != .max, count != .max else {
      throw DataError(source, .unsupported("zip archives over 4 GiB or 65,534 members"))
    }
    try reader.seek(to: Int(start), for: "the directory")
    var members: [Member] = []
    for _ in 0..<count {
      let member = try self.member(&reader)
      guard !members.contains(where: { $0.name == member.name }) else {
        throw DataError(source, .corrupt("two members are named \"\(member.name)\""))
      }
      members.append(member)
    }
    return members
  }

  /// Moves behind the mark of the end record, which a comment of up to 65,535 bytes may follow.
  private static func seekToEnd(_ reader: inout ByteReader) throws {
    let bytes = reader.bytes
    var position = bytes.count - 22
    while position >= max(0, bytes.count - 22 - 65535) {
      if bytes[position] == 0x50, bytes[position + 1] == 0x4b, bytes[position + 2] == 5,
        bytes[position + 3] == 6,
        Int(bytes[position + 20]) + Int(bytes[position + 21]) << 8 == bytes.count - position - 22
      {
        return try reader.seek(to: position + 4, for: "the end record")
      }
      position -= 1
    }
    throw DataError(
      reader.source,
      .truncated(
        claim: "a zip file ends with a directory, which is missing", available: bytes.count))
  }

  /// Reads one entry of the directory and the member it points to.
  private static func member(_ reader: inout ByteReader) throws -> Member {
    let source = reader.source
    func u16(_ what: String) throws -> Int {
      Int(try reader.integer(UInt16.self, .little, for: what))
    }
    func u32(_ what: String) throws -> UInt32 {
      try reader.integer(UInt32.self, .little, for: what)
    }
    guard try u32("a directory entry") == centralMark else {
      throw DataError(source, .corrupt("no directory entry at offset \(reader.offset - 4)"))
    }
    _ = try reader.take(4, for: "the versions")
    let flags = try u16("the flags")
    let method = try u16("the method")
    _ = try reader.take(4, for: "the time")
    let check = try u32("the check value")
    var packed = Int(try u32("the packed size"))
    var size = Int(try u32("the size"))
    let nameLength = try u16("the name length")
    let extraLength = try u16("the extra length")
    let commentLength = try u16("the comment length")
    _ = try reader.take(8, for: "the attributes")
    var offset = Int(try u32("the member offset"))
    let name = String(decoding: try reader.take(nameLength, for: "the name"), as: UTF8.self)
    var extra = ByteReader(Array(try reader.take(extraLength, for: "the extra")), source: source)
    try widen(&size, &packed, &offset, &extra)
    _ = try reader.take(commentLength, for: "the comment")
    guard flags & 1 == 0 else {
      throw DataError(source, .unsupported("encrypted member \"\(name)\""))
    }
    let next = reader.offset
    defer { try? reader.seek(to: next, for: "the next entry") }
    try reader.seek(to: offset, for: "member \"\(name)\"")
    let data = try payload(&reader, name: name, method: method, packed: packed, size: size)
    guard CRC32.of(data) == check else {
      throw DataError(
        source,
        .checksum(
          what: "CRC of member \"\(name)\"", expected: String(check, radix: 16),
          found: String(CRC32.of(data), radix: 16)))
    }
    return Member(name: name, bytes: data)
  }

  private static func payload(
    _ reader: inout ByteReader, name: String, method: Int, packed: Int, size: Int
  ) throws -> [UInt8] {
    let source = reader.source
    guard try reader.integer(UInt32.self, .little, for: "member \"\(name)\"") == localMark else {
      throw DataError(source, .corrupt("member \"\(name)\" is not where the directory says"))
    }
    _ = try reader.take(22, for: "the member header")
    let nameLength = Int(try reader.integer(UInt16.self, .little, for: "the name length"))
    let extraLength = Int(try reader.integer(UInt16.self, .little, for: "the extra length"))
    _ = try reader.take(nameLength + extraLength, for: "the member header")
    let data = try reader.take(packed, for: "member \"\(name)\"")
    switch method {
    case 0:
      guard packed == size else {
        throw DataError(
          source,
          .corrupt(
            "stored member \"\(name)\" has sizes \(packed) and \(size)"))
      }
      return Array(data)
    case 8: return try Deflate.decompress(data, .raw, expected: size, source: source)
    default: throw DataError(source, .unsupported("zip method \(method) of member \"\(name)\""))
    }
  }

  /// Replaces sizes that did not fit 32 bits by those of the zip64 extra field.
  private static func widen(
    _ size: inout Int, _ packed: inout Int, _ offset: inout Int, _ extra: inout ByteReader
  ) throws {
    func wide(_ value: inout Int) throws {
      guard value == Int(UInt32.max) else { return }
      let large = try extra.integer(UInt64.self, .little, for: "a 64-bit size")
      guard let fitting = Int(exactly: large) else {
        throw DataError(extra.source, .corrupt("a member of \(large) bytes"))
      }
      value = fitting
    }
    while extra.remaining >= 4 {
      let kind = try extra.integer(UInt16.self, .little, for: "the extra field")
      let length = Int(try extra.integer(UInt16.self, .little, for: "the extra field"))
      guard kind == 1 else {
        _ = try extra.take(length, for: "the extra field")
        continue
      }
      try wide(&size)
      try wide(&packed)
      try wide(&offset)
      return
    }
  }

  /// Returns the bytes of an archive; with a fixed date, so that equal content gives equal bytes.
  ///
  /// - Throws: `DataError` when a size does not fit 32 bits.
  static func encode(_ members: [Member], compressed: Bool, source: String) throws -> [UInt8] {
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for member in members {
      let data = compressed ? Deflate.compress(member.bytes, .raw) : member.bytes
      let name = Array(member.name.utf8)
      guard member.bytes.count < UInt32.max, data.count < UInt32.max, body.count < UInt32.max,
        name.count <= UInt16.max, members.count < UInt16.max
      else {
        throw DataError(source, .unsupported("zip archives over 4 GiB or 65,534 members"))
      }
      var header: [UInt8] = []
      header.append(UInt16(20), .little)
      header.append(UInt16(0x800), .little)  // names are UTF-8
      header.append(UInt16(compressed ? 8 : 0), .little)
      header.append(UInt32(0x0021_0000), .little)  // 1 January 1980
      header.append(CRC32.of(member.bytes), .little)
      header.append(UInt32(data.count), .little)
      header.append(UInt32(member.bytes.count), .little)
      header.append(UInt16(name.count), .little)
      header.append(UInt16(0), .little)

      directory.append(centralMark, .little)
      directory.append(UInt16(20), .little)
      directory += header + [UInt8](repeating: 0, count: 10)
      directory.append(UInt32(body.count), .little)
      directory += name

      body.append(localMark, .little)
      body += header + name + data
    }
    guard body.count < UInt32.max, directory.count < UInt32.max else {
      throw DataError(source, .unsupported("zip archives over 4 GiB or 65,534 members"))
    }
    var end: [UInt8] = []
    end.append(endMark, .little)
    end.append(UInt32(0), .little)
    end.append(UInt16(members.count), .little)
    end.append(UInt16(members.count), .little)
    end.append(UInt32(directory.count), .little)
    end.append(UInt32(body.count), .little)
    end.append(UInt16(0), .little)
    return body + directory + end
  }
}
