import ApusCore
import ApusInterop
import ApusTestSupport
import Foundation
import Testing

@Suite("bad input: safetensors") struct BadInputSafetensorsTests {
  @Test("damaged files are read or refused with a reason")
  func damage() throws {
    let folder = FileManager.default.temporaryDirectory.path
    let path = folder + "/apus-damage-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Safetensors(
      [
        .init(name: "a", tensor: BadInput.filled([2, 3])),
        .init(name: "b", tensor: BadInput.filled([4], .int64)),
      ], metadata: ["format": "pt", "apus.training": "{\"step\":1}"]
    ).write(to: path)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let rounds = Int(ProcessInfo.processInfo.environment["APUS_FUZZ_ROUNDS"] ?? "") ?? 300
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(bound, 1)
    }
    var refused = 0
    for round in 0..<rounds + whole.count {
      var bytes = round < whole.count ? Array(whole.prefix(round)) : whole
      for _ in 0..<(round < whole.count ? 0 : 1 + random(4)) where !bytes.isEmpty {
        let place = random(min(bytes.count, random(2) == 0 ? 12 : 300))
        switch random(5) {
        case 0: bytes = Array(bytes.prefix(place))
        case 1: bytes.insert(UInt8(random(256)), at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes[place] ^= 1 << UInt8(random(8))
        default: bytes[place] = Array("-0919[]{},:\"".utf8)[random(12)]
        }
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do {
        for entry in try Safetensors(contentsOf: path).entries { _ = entry.tensor.description }
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > whole.count)
  }

  @Test("headers that lie about sizes are refused")
  func lies() throws {
    let path = FileManager.default.temporaryDirectory.path + "/apus-lie-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for (shape, offsets) in [
      ("-1,-4", "0,16"), ("4", "-16,0"), ("9223372036854775807,2", "0,16"), ("4", "0,16,16"),
      ("4", "9223372036854775807,-9223372036854775808"), ("1,1,1,1,1,1,1,1,4", "0,16"),
      ("0,9223372036854775807,9223372036854775807", "0,0"), ("4", "16,0"), ("4.0", "0,16"),
      ("1e3", "0,16"), ("4294967296,4294967296", "0,16"),
    ] {
      let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offsets)]}}"
      let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
      try Data(length + Array(header.utf8) + Array(repeating: 0, count: 16))
        .write(to: URL(fileURLWithPath: path))
      #expect(throws: FileError.self, "\(shape) \(offsets)") { try Safetensors(contentsOf: path) }
    }
    let nest = String(repeating: "[", count: 100_000)
    let header = "{\"a\":\(nest)"
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try Data(length + Array(header.utf8)).write(to: URL(fileURLWithPath: path))
    #expect(throws: FileError.self) { try Safetensors(contentsOf: path) }
  }
}
