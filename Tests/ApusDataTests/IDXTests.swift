import Foundation
import Testing

@testable import ApusData

@Suite("IDX") struct IDXTests {
  static func file(_ code: UInt8, _ sizes: [UInt8], _ data: [UInt8]) -> [UInt8] {
    [0, 0, code, UInt8(sizes.count)] + sizes.flatMap { [0, 0, 0, $0] } + data
  }

  @Test("all six element types are read, big-endian")
  func types() throws {
    let cases: [(UInt8, [UInt8], [Double])] = [
      (0x08, [0, 255], [0, 255]), (0x09, [0xFF, 5], [-1, 5]),
      (0x0B, [0xFF, 0xFE, 1, 0], [-2, 256]),
      (0x0C, [0xFF, 0xFF, 0xFF, 0xFD, 0, 0, 1, 2], [-3, 258]),
      (0x0D, [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
      (0x0E, [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], [1, -2]),
    ]
    for (code, data, values) in cases {
      let array = try IDX.decode(Self.file(code, [2], data), source: "t")
      #expect(array.doubles() == values)
    }
  }

  @Test("arrays survive a file, gzipped or not", arguments: ["a.idx", "a.idx.gz"])
  func roundTrip(_ name: String) throws {
    try withFolder { folder in
      let path = "\(folder)/\(name)"
      for array in [try floats([1, 2.5, -3, 4, 5, 6], [2, 3]), try ints([7, -8], [2])] {
        try IDX.write(array, to: path)
        #expect(try IDX.read(path) == array)
      }
      let zipped = try FileBytes.read(path).starts(with: [0x1f, 0x8b])
      #expect(zipped == name.hasSuffix("gz"))
    }
  }

  @Test("every truncation is refused and no damage traps")
  func damage() throws {
    let bytes = Self.file(0x0C, [2, 3], [UInt8](repeating: 1, count: 24))
    checkRefusesEveryPrefix(of: bytes) { try IDX.decode($0, source: "t") }
    checkSurvivesDamage(of: bytes) { try IDX.decode($0, source: "t") }
  }

  @Test("refusals name the file and the numbers")
  func refusals() throws {
    let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 28, 0, 0, 0, 28]
    checkRefusal(
      "file.idx: truncated: header says 10000 × 28 × 28 = 7840000 bytes, file has 1234"
    ) { try IDX.decode(header + [UInt8](repeating: 0, count: 1234), source: "file.idx") }
    checkRefusal("f: not an IDX file: starts with bytes 89 50") {
      try IDX.decode([0x89, 0x50, 0x4e], source: "f")
    }
    checkRefusal("f: not an IDX file: it is empty") { try IDX.decode([], source: "f") }
    checkRefusal("f: corrupt: IDX type code 10 is not one of 8, 9, 11, 12, 13, 14") {
      try IDX.decode([0, 0, 10, 1, 0, 0, 0, 0], source: "f")
    }
    checkRefusal("f: 2 bytes after the end of the data") {
      try IDX.decode(Self.file(8, [1], [1, 2, 3]), source: "f")
    }
    let huge = [0, 0, 8, 3] + [UInt8](repeating: 0xFF, count: 12)
    checkRefusal(
      "f: corrupt: shape 4294967295 × 4294967295 × 4294967295 has no possible size"
    ) { try IDX.decode(huge, source: "f") }
    checkRefusal("/nonexistent/x.idx: cannot open: No such file or directory") {
      try IDX.read("/nonexistent/x.idx")
    }
    let wide = try HostArray(dtype: .int64, shape: [1], bytes: [UInt8](repeating: 0, count: 8))
    checkRefusal(
      "f: unsupported: IDX has no i64; convert to uint8, int32, float32 or float64"
    ) { try IDX.encode(wide, source: "f") }
  }
}
