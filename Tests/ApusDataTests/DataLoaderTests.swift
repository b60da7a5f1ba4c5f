import ApusCore
import Foundation
import Testing

@testable import ApusData

@Suite("data loader") struct DataLoaderTests {
  static func inputs(_ batches: some Sequence<Batch>) throws -> [[Float]] {
    try batches.map { try $0.inputs.scalars(as: Float.self) }
  }

  @Test("without a seed, batches follow the data and the last is short")
  func plain() throws {
    let data = try TensorDatasetTests.sample(5)
    let loader = try DataLoader(data, batchSize: 2)
    #expect(loader.batchCount == 3)
    #expect(try Self.inputs(loader.epoch(0)) == [[0, 0, 1, -1], [2, -2, 3, -3], [4, -4]])
    let last = try loader.batch(epoch: 0, index: 2)
    #expect(last.inputs.shape == [1, 2] && last.targets.shape == [1])
    #expect(last["targets"]?.dtype == .int32 && last["none"] == nil)
    #expect(try DataLoader(data, batchSize: 2, dropsLast: true).batchCount == 2)
  }

  @Test("an epoch's order depends on seed and epoch, and holds every sample once")
  func order() throws {
    let data = try TensorDatasetTests.sample(40)
    func order(_ seed: UInt64, _ epoch: Int) throws -> [Float] {
      let loader = try DataLoader(data, batchSize: 7, shuffleSeed: seed)
      return try Self.inputs(loader.epoch(epoch)).flatMap { $0 }.filter { $0 > 0 }
    }
    #expect(try order(1, 3) == order(1, 3))
    #expect(try order(1, 3) != order(1, 4))
    #expect(try order(1, 3) != order(2, 3))
    #expect(try order(1, 3).sorted() == (1..<40).map(Float.init))
  }

  @Test("preparing ahead on another thread changes nothing", arguments: [1, 2, 8])
  func prefetch(_ depth: Int) throws {
    let data = try TensorDatasetTests.sample(101)
    let off = try DataLoader(data, batchSize: 4, shuffleSeed: 9, prefetch: .off)
    let on = try DataLoader(data, batchSize: 4, shuffleSeed: 9, prefetch: .batches(depth))
    for epoch in 0..<3 {
      #expect(try Self.inputs(on.epoch(epoch)) == Self.inputs(off.epoch(epoch)))
    }
    var iterator = on.epoch(0).makeIterator()  // left before its end
    #expect(iterator.next() != nil)
  }

  @Test("only work that exceeds the hand-over is prepared ahead")
  func automatic() throws {
    let small = try DataLoader(TensorDatasetTests.sample(100), batchSize: 1, shuffleSeed: 1)
    #expect(BatchPrefetcher.depth(for: small) == nil)
    let image = try floats([Float](repeating: 1, count: 1000 * 784), [1000, 28, 28])
    let large = try DataLoader(
      TensorDataset(["inputs": image]), batchSize: 300, transforms: [RandomShift(pixels: 2)])
    #expect(BatchPrefetcher.depth(for: large) == 2)
  }

  @Test("a saved position goes on with the same batches")
  func resume() throws {
    let data = try TensorDatasetTests.sample(23)
    let loader = try DataLoader(data, batchSize: 5, shuffleSeed: 4)
    let saved = try JSONEncoder().encode(loader.position(epoch: 6, batch: 2))
    let position = try JSONDecoder().decode(LoaderPosition.self, from: saved)
    let again = try DataLoader(data, batchSize: 5, shuffleSeed: 4)
    let all = try Self.inputs(loader.epoch(6))
    #expect(try Self.inputs(again.resume(at: position)) == Array(all[2...]))
    checkRefusal(
      "data loader: the saved position is of another loader: "
        + "batch size 5 → 4, shuffle seed 4 → none"
    ) { try DataLoader(data, batchSize: 4).resume(at: position) }
  }

  @Test("shifted images do not depend on batch size or threads")
  func augmentation() throws {
    let images = try floats((0..<(50 * 36)).map { Float($0 + 1) }, [50, 6, 6, 1])
    let data = try TensorDataset(["inputs": images])
    func epoch(_ batchSize: Int, _ prefetch: DataLoader.Prefetch, _ epoch: Int = 1) throws
      -> [Float]
    {
      let loader = try DataLoader(
        data, batchSize: batchSize, shuffleSeed: 8, transforms: [RandomShift(pixels: 2)],
        prefetch: prefetch)
      return try Self.inputs(loader.epoch(epoch)).flatMap { $0 }
    }
    let reference = try epoch(50, .off)
    #expect(try epoch(7, .off) == reference)
    #expect(try epoch(7, .batches(3)) == reference)
    #expect(try epoch(50, .off, 2) != reference)
    #expect(reference.contains(0))
  }

  @Test("a shift moves every pixel by the same offset and brings in zeros")
  func shift() {
    let (height, width) = (5, 4)
    for down in -4...4 {
      for right in -3...3 {
        var image = (1...UInt8(height * width)).map { $0 }
        image.withUnsafeMutableBytes {
          RandomShift.shift($0, rows: height, rowBytes: width, down: down, right: right)
        }
        for y in 0..<height {
          for x in 0..<width {
            let (sy, sx) = (y - down, x - right)
            let inside = (0..<height).contains(sy) && (0..<width).contains(sx)
            #expect(image[y * width + x] == (inside ? UInt8(sy * width + sx + 1) : 0))
          }
        }
      }
    }
  }

  @Test("memory of the caller's is filled with the rows that the order names")
  func fills() throws {
    let data = try TensorDatasetTests.sample(150)
    let loader = try DataLoader(data, batchSize: 1, shuffleSeed: 1)
    let widths = data.columns.map(\.byteCount)
    var memory = [UInt8](repeating: 0, count: widths.reduce(0, +))
    for batch in 0..<loader.batchCount {
      try memory.withUnsafeMutableBytes { raw in
        let buffers = [
          UnsafeMutableRawBufferPointer(rebasing: raw[0..<widths[0]]),
          UnsafeMutableRawBufferPointer(rebasing: raw[widths[0]...]),
        ]
        try buffers.withUnsafeBufferPointer { try loader.load(epoch: 2, batch: batch, into: $0) }
      }
      let row = loader.sampleIndices(epoch: 2, batch: batch)[0]
      var expected: [UInt8] = []
      for column in data.columns {
        let start = row * column.byteCount
        expected += try data.array(column.name).bytes[start..<(start + column.byteCount)]
      }
      #expect(memory == expected)
    }
  }

  @Test("refusals name the numbers")
  func refusals() throws {
    let data = try TensorDatasetTests.sample(3)
    checkRefusal("data loader: batch size is 0, must be at least 1") {
      try DataLoader(data, batchSize: 0)
    }
    checkRefusal("data loader: no batch is left: 3 samples, batches of 4, last dropped") {
      try DataLoader(data, batchSize: 4, dropsLast: true)
    }
    let loader = try DataLoader(data, batchSize: 2, shuffleSeed: 1)
    checkRefusal("data loader: batch 2 is out of range, there are 2") {
      try loader.batch(epoch: 0, index: 2)
    }
    #expect(loader.sampleIndices(epoch: 0, batch: 7).isEmpty)
    checkRefusal("data loader: 0 buffers for 2 columns") {
      try loader.load(epoch: 0, batch: 0, into: UnsafeBufferPointer(start: nil, count: 0))
    }
    checkRefusal("random shift: needs images [H, W, C] or [H, W], \"inputs\" holds [2]") {
      try DataLoader(data, batchSize: 1, transforms: [RandomShift(pixels: 1)])
    }
    #expect(throws: Never.self) { _ = Array(try DataLoader(data, batchSize: .max).epoch(0)) }
  }
}
