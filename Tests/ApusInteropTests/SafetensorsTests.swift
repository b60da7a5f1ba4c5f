import ApusCore
import ApusInterop
import Foundation
import Testing

/// A folder that is removed with the last reference.
final class Scratch {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "apus-test-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
}

@Suite("safetensors") struct SafetensorsTests {
  private let scratch = Scratch()

  private func write(_ bytes: [UInt8]) throws -> String {
    let path = scratch.file("x.safetensors")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func file(_ header: String, data: [UInt8] = []) throws -> String {
    let json = Array(header.utf8)
    return try write(
      (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json + data)
  }

  private func refusal(_ path: String) -> String? {
    do {
      _ = try Safetensors(contentsOf: path)
      return nil
    } catch { return error.reason }
  }

  @Test("bytes lie as the format says: length, JSON padded to 8, data")
  func layout() throws {
    let path = scratch.file("x.safetensors")
    let tensors = Safetensors(
      [
        .init(name: "flags", tensor: Tensor(bytes: [1, 0], dtype: .bool, shape: [2])),
        .init(name: "w", tensor: Tensor(bytes: [0, 0, 128, 63], dtype: .float32, shape: [1, 1])),
      ], metadata: ["format": "pt"])
    try tensors.write(to: path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var json =
      #"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"#
      + #""flags":{"dtype":"BOOL","shape":[2],"data_offsets":[4,6]}}"#
    while json.utf8.count % 8 != 0 { json += " " }
    #expect(Array(bytes[0..<8]) == [UInt8(json.utf8.count), 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[8..<8 + json.utf8.count]) == Array(json.utf8))
    #expect(Array(bytes[(8 + json.utf8.count)...]) == [0, 0, 128, 63, 1, 0])
  }

  @Test("every dtype, odd names, scalars and empty tensors come back")
  func roundTrip() throws {
    let path = scratch.file("x.safetensors")
    var entries: [Safetensors.Entry] = []
    for dtype in DType.allCases {
      let bytes = (0..<6 * dtype.byteCount).map { UInt8($0 & 1) }
      entries.append(
        .init(name: "\(dtype)", tensor: Tensor(bytes: bytes, dtype: dtype, shape: [2, 3])))
    }
    entries.append(.init(name: "", tensor: Tensor(bytes: [], dtype: .float32, shape: [0, 4])))
    entries.append(
      .init(name: "a\"b\\c\n\u{1}한", tensor: Tensor(bytes: [1, 2, 3, 4], dtype: .int32, shape: [])))
    let metadata = ["step": "12", "quote": "\"\\\t\u{1F600}"]
    try Safetensors(entries, metadata: metadata).write(to: path)
    let back = try Safetensors(contentsOf: path)
    #expect(back.metadata == metadata)
    #expect(Set(back.entries.map(\.name)) == Set(entries.map(\.name)))
    for entry in entries {
      let tensor = try #require(back[entry.name])
      #expect(tensor.type == entry.tensor.type)
      #expect(try tensor.bytes() == entry.tensor.bytes())
    }
    #expect(try Safetensors.metadata(of: path) == metadata)
  }

  @Test("a file cut off anywhere is refused")
  func truncation() throws {
    let path = scratch.file("whole.safetensors")
    try Safetensors(
      [
        .init(name: "a", tensor: Tensor(bytes: [1, 2, 3, 4], dtype: .int32, shape: [1])),
        .init(name: "b", tensor: Tensor(bytes: [1, 2], dtype: .uint8, shape: [2])),
      ], metadata: ["k": "v"]
    ).write(to: path)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(refusal(path) == nil)
    for length in whole.indices {
      #expect(refusal(try write(Array(whole[..<length]))) != nil, "cut to \(length) bytes")
    }
    #expect(refusal(try write(whole + [0]))?.hasSuffix("1 bytes follow the last tensor") == true)
  }

  @Test("a damaged byte is refused or read, never a trap")
  func damage() throws {
    let path = scratch.file("whole.safetensors")
    try Safetensors(
      [.init(name: "a", tensor: Tensor(bytes: [1, 2, 3, 4], dtype: .int32, shape: [1]))]
    ).write(to: path)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for place in whole.indices {
      for value: UInt8 in [0, 0x22, 0x39, 0x5B, 0x7B, 0x80, 0xFF] {
        var bytes = whole
        bytes[place] = value
        _ = refusal(try write(bytes))
      }
    }
  }

  @Test("what a header may not say")
  func headers() throws {
    func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
      "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }
    let a = "\"a\":" + entry("U8", "[2]", "[0,2]")
    let cases: [(String, Int, String)] = [
      (
        "{\(a),\"b\":\(entry("U8", "[2]", "[1,3]"))}", 3,
        "\"b\" begins at byte 1, inside data up to 2"
      ),
      (
        "{\(a),\"b\":\(entry("U8", "[1]", "[3,4]"))}", 4,
        "bytes 2..<3 of the data belong to no tensor"
      ),
      ("{\(a)}", 1, "truncated: tensors need 2 bytes of data, the file has 1"),
      ("{\(a)}", 5, "3 bytes follow the last tensor"),
      ("{\(a),\(a)}", 2, "the name \"a\" occurs twice"),
      ("{\"a\":\(entry("U8", "[3]", "[0,2]"))}", 2, "\"a\" is u8[3], 3 bytes, but has 2"),
      (
        "{\"a\":\(entry("F8_E5M2", "[2]", "[0,2]"))}", 2,
        "\"a\" has dtype F8_E5M2, which is not supported"
      ),
      ("{\"a\":\(entry("U8", "[2]", "[2,0]"))}", 2, "\"a\" ends at byte 0, before 2"),
      (
        "{\"a\":\(entry("F64", "[4611686018427387904,4]", "[0,0]"))}", 0,
        "\"a\" is f64[4611686018427387904, 4], \(Int.max) bytes, but has 0"
      ),
      (
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}", 2,
        "\"a\" lacks dtype, shape or data_offsets"
      ),
      ("{\"__metadata__\":{\"k\":1}}", 0, "metadata \"k\" is not a string"),
      ("[1]", 0, "the header does not begin with {"),
      (" {}", 0, "the header does not begin with {"),
      ("{\"a\":99999999999999999999}", 0, "a number is too large at byte 23 of the header"),
      ("{} x", 0, "something follows the header at byte 3 of the header"),
      (
        String(repeating: "{\"a\":", count: 5000), 0,
        "values nest too deeply at byte 80 of the header"
      ),
    ]
    for (header, count, reason) in cases {
      let found = refusal(try file(header, data: [UInt8](repeating: 0, count: count)))
      #expect(found == "not a valid safetensors file: " + reason)
    }
    #expect(refusal(try file("{\"a\":-1}")) != nil)
    #expect(refusal(try file("{\"a\":\"\\ud800\"}")) != nil)
  }

  @Test("foreign files, huge headers, folders and missing files say what is wrong")
  func foreign() throws {
    #expect(
      refusal(try write([]))
        == "not a valid safetensors file: has 0 bytes, needs 8 for the header's length")
    #expect(
      refusal(try write(Array("PK\u{3}\u{4} a zip archive".utf8)))?.contains(
        "the limit is 100000000")
        == true)
    #expect(
      refusal(try write([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]))?
        .contains("18446744073709551615 bytes") == true)
    #expect(refusal(scratch.path) == "cannot read: not a regular file")
    #expect(refusal(scratch.file("none")) == "cannot read: No such file or directory")
  }

  @Test("a full disk is an error")
  func fullDisk() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    #expect(throws: SystemError(code: ENOSPC)) {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
      defer { bytes.deallocate() }
      bytes.initializeMemory(as: UInt8.self, repeating: 1)
      try AtomicWriter.write(UnsafeRawBufferPointer(bytes), to: descriptor)
    }
    let error = FileError(path: "x", doing: "write", code: ENOSPC)
    #expect(error.description == "x: cannot write: No space left on device")
  }

  @Test("a write that fails keeps the previous file and leaves nothing beside it")
  func keeps() throws {
    let path = scratch.file("x.safetensors")
    let good = Safetensors([.init(name: "a", tensor: Tensor(bytes: [7], dtype: .uint8, shape: [1]))]
    )
    try good.write(to: path)
    let failed = Tensor(error: TensorError(operation: "matmul", reason: "inner dimensions differ"))
    #expect(throws: TensorError.self) {
      try Safetensors([.init(name: "a", tensor: failed)]).write(to: path)
    }
    #expect(throws: FileError.self) {
      try Safetensors(good.entries + good.entries).write(to: path)
    }
    #expect(try Safetensors(contentsOf: path)["a"]?.bytes() == [7])
    #expect(throws: FileError.self) { try good.write(to: scratch.file("no/such/folder/x")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["x.safetensors"])
  }
}
