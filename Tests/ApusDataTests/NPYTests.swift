import Testing

@testable import ApusData

@Suite("NPY and NPZ") struct NPYTests {
  @Test("NumPy's files are read", arguments: Goldens.npy.indices)
  func goldens(_ index: Int) throws {
    let (name, file, shape, values) = Goldens.npy[index]
    let array = try NPY.decode(base64(file), source: name)
    #expect(array.shape == shape)
    #expect(array.doubles() == values)
  }

  @Test("our float32 files are NumPy's, byte for byte")
  func sameBytes() throws {
    let array = try floats([0, 1, -2, 3, 100, 5], [2, 3])
    let golden = try #require(Goldens.npy.first { $0.0 == "<f4" })
    #expect(try NPY.encode(array) == base64(golden.1))
  }

  @Test("archives of NumPy are read, stored and compressed")
  func archives() throws {
    for text in [Goldens.npz, Goldens.npzCompressed] {
      let arrays = try NPZ.decode(base64(text), source: "z")
      #expect(arrays.keys.sorted() == ["a", "b"])
      #expect(arrays["a"]?.shape == [2, 3])
      #expect(arrays["a"]?.doubles() == [0, 1, 2, 3, 4, 5])
      #expect(arrays["b"]?.doubles() == [7, 8, 9])
    }
  }

  @Test("archives survive a file", arguments: [true, false])
  func roundTrip(_ compressed: Bool) throws {
    try withFolder { folder in
      let arrays = ["x": try floats([1, 2], [1, 2]), "y": try ints([3], [1])]
      try NPZ.write(arrays, to: "\(folder)/a.npz", compressed: compressed)
      #expect(try NPZ.read("\(folder)/a.npz") == arrays)
      try NPY.write(try floats([1, 2], [2]), to: "\(folder)/a.npy")
      #expect(try NPY.read("\(folder)/a.npy") == floats([1, 2], [2]))
    }
  }

  @Test("every truncation is refused and no damage traps")
  func damage() throws {
    let file = base64(try #require(Goldens.npy.first).1)
    checkRefusesEveryPrefix(of: file) { try NPY.decode($0, source: "t") }
    checkSurvivesDamage(of: file) { try NPY.decode($0, source: "t") }
    for text in [Goldens.npz, Goldens.npzCompressed] {
      checkRefusesEveryPrefix(of: base64(text)) { try NPZ.decode($0, source: "t") }
      checkSurvivesDamage(of: base64(text)) { try NPZ.decode($0, source: "t") }
    }
  }

  @Test("a damaged member fails its check value")
  func check() throws {
    var bytes = try NPZ.encode(["x": floats([1, 2], [2])], compressed: false)
    let index = try #require(bytes.firstRange(of: [0, 0, 0x80, 0x3F]))
    bytes[index.lowerBound] = 1
    let error = #expect(throws: DataError.self) { try NPZ.decode(bytes, source: "z") }
    #expect(error?.description.hasPrefix("z: corrupt: CRC of member \"x.npy\" should be ") == true)
  }

  static func file(_ literal: String, _ data: [UInt8] = []) -> [UInt8] {
    NPY.magic + [1, 0, UInt8(literal.utf8.count), 0] + Array(literal.utf8) + data
  }

  @Test("refusals name what is wrong")
  func refusals() throws {
    checkRefusal("f: unsupported: object arrays (pickled Python) are not read") {
      try NPY.decode(base64(Goldens.npyObjects), source: "f")
    }
    checkRefusal("f: unsupported: structured NPY arrays (descr is a list)") {
      try NPY.decode(base64(Goldens.npyRecords), source: "f")
    }
    checkRefusal("f: truncated: header says 1000 × 1000 × 8 = 8000000 bytes, file has 3") {
      try NPY.decode(
        Self.file("{'descr':'<f8','fortran_order':False,'shape':(1000,1000)}", [1, 2, 3]),
        source: "f")
    }
    checkRefusal("f: corrupt: NPY header lacks 'shape'") {
      try NPY.decode(Self.file("{'descr':'<f8','fortran_order':False}"), source: "f")
    }
    checkRefusal("f: corrupt: NPY header: expected ':' at character 8, found '5}'") {
      try NPY.decode(Self.file("{'descr'5}"), source: "f")
    }
    checkRefusal("f: unsupported: NPY version 9.0; 1.0 to 3.0 are read") {
      try NPY.decode(NPY.magic + [9, 0, 0, 0], source: "f")
    }
    checkRefusal("f: not a zip file: starts with bytes 01 02") {
      try NPZ.decode([1, 2], source: "f")
    }
    let half = try HostArray(dtype: .bfloat16, shape: [1], bytes: [0, 0])
    checkRefusal("f: unsupported: NumPy has no bf16; convert to float32 first") {
      try NPY.encode(half, source: "f")
    }
  }
}
