import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("Arrays over several devices", .needsPlugin) struct SharedArrayTests {
  private func placement(_ mesh: Mesh) throws -> XLAPlacement { try XLAPlacement(.mesh(mesh)) }

  private func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0) * 0.5 - 3 } }

  @Test(
    "a split array is gathered whole, along either axis of the mesh",
    arguments: ["data", "model"])
  func gathering(axis: String) throws {
    let mesh = Mesh(["data": 2, "model": 2], on: "cpu")
    let placement = try placement(mesh)
    let values = numbers(24)
    let type = TensorType(.float32, [4, 6])
    let sharding = XLASharding(type, mesh, axis)
    #expect(sharding.partCount == 2)
    let array = try values.withUnsafeBytes {
      try XLAArray(try #require($0.baseAddress), sharding, placement)
    }
    var back = [Float](repeating: .nan, count: 24)
    try back.withUnsafeMutableBytes { bytes in
      let memory = try #require(bytes.baseAddress)
      try array.gathered().read(into: memory, byteCount: bytes.count)
    }
    #expect(back == values)
    // Each device holds its half alone.
    #expect(array.buffers.count == 4)
    for (buffer, part) in zip(array.buffers, sharding.parts) {
      var half = [Float](repeating: .nan, count: 12)
      try half.withUnsafeMutableBytes { bytes in
        try buffer.read(into: try #require(bytes.baseAddress), byteCount: bytes.count)
      }
      #expect(half == Array(values[(part * 12)..<(part * 12 + 12)]))
    }
  }

  @Test("a process uploads the parts of its own devices, and knows which it lacks")
  func ownParts() throws {
    let mesh = Mesh(["data": 4], on: "cpu")
    let client = try placement(mesh).client
    // As if the devices 0 and 3 belonged to another process.
    let placement = XLAPlacement(client: client, ids: [100, 1, 2, 103], mesh: mesh)
    #expect(placement.isShared && placement.places == [1, 2])
    #expect(placement.devices.map(\.id) == [1, 2])
    #expect(placement.compileOptions.partitions == 4)
    #expect(placement.compileOptions.devices == [100, 1, 2, 103])
    let values = numbers(8)
    let type = TensorType(.float32, [8])
    let split = XLASharding(type, mesh, "data")
    let array = try values.withUnsafeBytes {
      try XLAArray(try #require($0.baseAddress), split, placement)
    }
    var parts: [[Float]] = []
    for buffer in array.buffers {
      var part = [Float](repeating: .nan, count: 2)
      try part.withUnsafeMutableBytes { bytes in
        try buffer.read(into: try #require(bytes.baseAddress), byteCount: bytes.count)
      }
      parts.append(part)
    }
    #expect(parts == [[values[2], values[3]], [values[4], values[5]]])
    #expect(array.owners == nil)
    #expect(array.fits(split, placement))
    #expect(try !array.fits(split, self.placement(mesh)))
    let whole = try values.withUnsafeBytes {
      try XLAArray(try #require($0.baseAddress), placement.replicated(type), placement)
    }
    #expect(whole.owners == [0])
    var back = [Float](repeating: .nan, count: 8)
    try back.withUnsafeMutableBytes { try whole.read(into: try #require($0.baseAddress)) }
    #expect(back == values)
  }

  @Test("programs go to the devices that are named, not only to the first")
  func assignment() throws {
    let client = try placement(Mesh(["data": 4], on: "cpu")).client
    let placement = XLAPlacement(client: client, ids: [3, 1], mesh: Mesh(["data": 2], on: "cpu"))
    #expect(placement.devices.map(\.id) == [3, 1] && !placement.isShared)
    let values = numbers(6)
    let sharding = XLASharding(TensorType(.float32, [6]), placement.mesh, "data")
    let array = try values.withUnsafeBytes {
      try XLAArray(try #require($0.baseAddress), sharding, placement)
    }
    var back = [Float](repeating: .nan, count: 6)
    try back.withUnsafeMutableBytes { bytes in
      try array.gathered().read(into: try #require(bytes.baseAddress), byteCount: bytes.count)
    }
    #expect(back == values)
  }
}
