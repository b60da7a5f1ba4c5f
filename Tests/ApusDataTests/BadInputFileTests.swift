import ApusCore
import Foundation
import Testing

@testable import ApusData

/// Files with bytes flipped, cut out, put in and cut off: each is read or refused, never more.
@Suite("bad input: files") struct BadInputFileTests {
  private typealias Reader = (name: String, bytes: [UInt8], read: ([UInt8]) throws -> Void)

  private func readers() throws -> [Reader] {
    let values = (0..<48).map { UInt8($0 * 5) }
    let array = try HostArray(dtype: .uint8, shape: [2, 4, 6], bytes: values)
    let floats = try HostArray(dtype: .float32, shape: [3, 4], bytes: values)
    let picture = try Image(width: 4, height: 4, channels: 3, pixels: values)
    let table = "a,b,\"c, d\"\n1,2,3\n4,5,\"6\"\n\"x\"\"y\",,\n"
    return [
      ("IDX", try IDX.encode(array), { _ = try IDX.decode($0, source: "f") }),
      ("NPY", try NPY.encode(floats), { _ = try NPY.decode($0, source: "f") }),
      (
        "NPZ", try NPZ.encode(["x": floats, "y": array]),
        { for (_, array) in try NPZ.decode($0, source: "f") { _ = array.tensor.error } }
      ),
      (
        "NPZ stored", try NPZ.encode(["x": floats], compressed: false),
        { _ = try NPZ.decode($0, source: "f") }
      ),
      ("PNG", PNG.encode(picture), { _ = try PNG.decode($0, source: "f").luminance() }),
      (
        "CSV", Array(table.utf8),
        {
          let table = try CSVTable(bytes: $0, source: "f")
          _ = try? table.numbers(table.columns)
        }
      ),
      (
        "gzip", Deflate.compress(try IDX.encode(array), .gzip),
        { _ = try IDX.decode(FileBytes.unzipped($0, source: "f"), source: "f") }
      ),
    ]
  }

  @Test("damaged files are read or refused with a reason")
  func damage() throws {
    let rounds = Int(ProcessInfo.processInfo.environment["APUS_FUZZ_ROUNDS"] ?? "") ?? 400
    for (name, whole, read) in try readers() {
      try read(whole)
      var random = SampleRandom(seed: 20, epoch: 0, sample: 0, purpose: 7)
      var refused = 0
      for round in 0..<rounds {
        var bytes = whole
        for _ in 0...random.integer(below: 4) {
          let place = random.integer(below: max(bytes.count, 1))
          switch random.integer(below: 6) {
          case 0: bytes = Array(bytes.prefix(place))
          case 1: bytes.insert(UInt8(random.integer(below: 256)), at: min(place, bytes.count))
          case 2: if !bytes.isEmpty { bytes.remove(at: place) }
          case 3: if !bytes.isEmpty { bytes[place] ^= 1 << UInt8(random.integer(below: 8)) }
          case 4:
            if !bytes.isEmpty { bytes[place] = [0, 0xff, 0x7f, 0x80][random.integer(below: 4)] }
          default:
            let end = min(place + random.integer(below: 9), bytes.count)
            bytes.replaceSubrange(
              min(place, end)..<end, with: bytes.suffix(random.integer(below: 9)))
          }
        }
        let start = Date()
        do { try read(bytes) } catch {
          refused += 1
          #expect(!"\(error)".isEmpty)
        }
        #expect(Date().timeIntervalSince(start) < 5, "\(name), round \(round)")
      }
      #expect(refused > rounds / 10, "\(name)")
    }
  }

  @Test("every beginning of a file is refused")
  func truncation() throws {
    for (name, whole, read) in try readers() where name != "CSV" {
      for length in 0..<whole.count {
        #expect(throws: DataError.self, "\(name), \(length) bytes") {
          try read(Array(whole.prefix(length)))
        }
      }
    }
  }

  @Test("PNG chunks with the right check value and wrong content are refused")
  func checkedDamage() throws {
    let picture = try Image(
      width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    let whole = PNG.encode(picture)
    for width in [0, 1, 7, 1 << 15, 1 << 30, UInt32.max] as [UInt32] {
      for depth in [0, 1, 3, 8, 16, 255] as [UInt8] {
        for colour in [0, 1, 3, 6, 255] as [UInt8] {
          for interlace in [0, 1, 2] as [UInt8] {
            var header: [UInt8] = Array("IHDR".utf8)
            header.append(width, .big)
            header.append(width / 2, .big)
            header += [depth, colour, 0, 0, interlace]
            var bytes = whole
            bytes.replaceSubrange(12..<29, with: header)
            var check: [UInt8] = []
            check.append(CRC32.of(header), .big)
            bytes.replaceSubrange(29..<33, with: check)
            #expect(throws: DataError.self) { try PNG.decode(bytes, source: "f") }
          }
        }
      }
    }
  }

  @Test("arguments out of range are errors")
  func arguments() throws {
    for classes in [Int.min, -1, 0, .max, 1 << 60] {
      for first in [false, true] {
        _ = try? OneHot.encode([], classes: classes, droppingFirst: first)
        #expect(throws: DataError.self) {
          try OneHot.encode([5, 3], classes: classes, droppingFirst: first)
        }
      }
    }
    let array = try HostArray(
      dtype: .float32, shape: [3, 1], bytes: Array(repeating: 0, count: 12))
    let deep = try HostArray(
      dtype: .uint8, shape: Array(repeating: 1, count: 9), bytes: [1], source: "deep")
    #expect(throws: DataError.self) { try TensorDataset(["x": deep]) }
    let data = try TensorDataset(["inputs": array])
    for fraction in [-1, 0, 1, 1.5, .nan, .infinity, 1e-300] as [Double] {
      if fraction == 1e-300 {
        _ = try? data.split(test: fraction, seed: 0)
      } else {
        #expect(throws: DataError.self) { try data.split(test: fraction, seed: 0) }
      }
    }
    for size in [Int.min, -1, 0] {
      #expect(throws: DataError.self) { try DataLoader(data, batchSize: size) }
      #expect(throws: DataError.self) { try data.prefix(size) }
    }
    for number in [Int.min, -1, 1, .max] {
      let loader = try DataLoader(data, batchSize: .max, shuffleSeed: 1)
      #expect(loader.sampleIndices(epoch: number, batch: number).isEmpty)
      #expect(throws: DataError.self) { try loader.batch(epoch: number, index: number) }
      _ = Array(loader.epoch(number))
      var plot = CurvePlot(
        title: "<", firstStep: number, curves: [.init("a", [1, .nan, 2, 1e308])])
      plot.curves.append(.init("b", [-1e308, .infinity]))
      #expect(plot.svg.contains("</svg>"))
      #expect(throws: DataError.self) { try ImageGrid(columns: number).image(of: array) }
    }
    let scaler = try JSONDecoder().decode(
      StandardScaler.self, from: Data(#"{"offset":[1,2],"scale":[1]}"#.utf8))
    let rows = try HostArray(dtype: .float32, shape: [1, 2], bytes: Array(repeating: 0, count: 8))
    #expect(throws: DataError.self) { try scaler.apply(rows) }
    let encoder = try JSONDecoder().decode(
      LabelEncoder.self, from: Data(#"{"classes":["a","a"]}"#.utf8))
    #expect(try encoder.codes(["a"]) == [0])
  }
}
