import Foundation
import Testing

@testable import ApusData

@Suite("named data sets") struct NamedDataTests {
  @Test("iris has 50 flowers of each species")
  func iris() throws {
    let iris = try Iris.load()
    #expect(iris.classNames == ["setosa", "versicolor", "virginica"])
    #expect(
      iris.featureNames == ["sepal_length", "sepal_width", "petal_length", "petal_width"])
    let inputs = try iris.dataset.array("inputs")
    #expect(inputs.shape == [150, 4])
    #expect(inputs.doubles()[..<4].map { ($0 * 10).rounded() } == [51, 35, 14, 2])
    let targets = try iris.dataset.array("targets").doubles()
    #expect([0, 1, 2].map { c in targets.count { $0 == c } } == [50, 50, 50])
  }

  @Test("the embedded digits are the published ones")
  func digits() throws {
    let digits = try MNIST.digits5k(pixels: .bytes)
    let images = try digits.dataset.array("inputs")
    #expect(images.shape == [5000, 28, 28, 1])
    #expect(images.bytes.reduce(0) { $0 + Int($1) } == 131_267_102)
    let labels = try digits.dataset.array("targets").doubles()
    #expect(labels[..<10] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    let unit = try MNIST.digits5k().dataset.array("inputs")
    #expect(unit.dtype == .float32)
    #expect(zip(unit.doubles(), images.bytes).allSatisfy { Float($0) == Float($1) / 255 })
  }

  @Test("a damaged digits resource is refused")
  func embedded() throws {
    let head = Array("APUSDIG1".utf8) + [1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]
    let bytes = head + [3, 0, 0, 0, 7, 9, 0, 3]
    let digits = try EmbeddedDigits.decode(bytes, source: "d")
    #expect(digits.images.bytes == [9, 0, 0, 0] && digits.labels.bytes == [7])
    checkRefusesEveryPrefix(of: bytes) { try EmbeddedDigits.decode($0, source: "d") }
    checkSurvivesDamage(of: bytes) { try EmbeddedDigits.decode($0, source: "d") }
    checkRefusal("d: corrupt: a run of zeros has no length") {
      try EmbeddedDigits.decode(head + [3, 0, 0, 0, 7, 9, 0, 0], source: "d")
    }
  }

  @Test("a folder of IDX files is loaded, each part alone")
  func folder() throws {
    try withFolder { folder in
      let images = try HostArray(dtype: .uint8, shape: [2, 1, 2], bytes: [0, 255, 51, 0])
      try IDX.write(images, to: "\(folder)/t10k-images-idx3-ubyte.gz")
      checkRefusal(
        "\(folder): cannot open t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz: "
          + "there is no such file"
      ) { try MNIST.load(.test, directory: folder) }
      let path = "\(folder)/t10k-labels-idx1-ubyte"
      try IDX.write(HostArray(dtype: .uint8, shape: [2], bytes: [3, 9]), to: path)
      #expect(MNIST.parts(in: folder) == [.test])
      let data = try MNIST.load(.test, directory: folder, collection: .fashion)
      #expect(try data.dataset.array("inputs").shape == [2, 1, 2, 1])
      #expect(try data.dataset.array("targets").doubles() == [3, 9])
      #expect(data.classNames[9] == "Ankle boot")
      try IDX.write(HostArray(dtype: .uint8, shape: [2], bytes: [3, 10]), to: path)
      checkRefusal("\(folder): row 2: label 10 is not one of 0…9") {
        try MNIST.load(.test, directory: folder)
      }
      try IDX.write(HostArray(dtype: .uint8, shape: [1], bytes: [3]), to: path)
      checkRefusal("\(folder): 2 images and 1 labels") {
        try MNIST.load(.test, directory: folder)
      }
    }
  }

  static let real = ProcessInfo.processInfo.environment["APUS_MNIST"] ?? ""

  @Test("the real MNIST test files load and have their digests", .enabled(if: !real.isEmpty))
  func realFiles() throws {
    let data = try MNIST.load(.test, directory: Self.real)
    #expect(data.dataset.count == 10_000)
    #expect(try data.dataset.array("targets").doubles()[..<5] == [7, 2, 1, 0, 4])
    for file in MNIST.Collection.mnist.files.suffix(2) {
      #expect(MD5.hex(of: try FileBytes.read("\(Self.real)/\(file.name)")) == file.digest)
    }
  }
}

@Suite("downloads") struct DownloadTests {
  @Test("a file is kept when its digest fits, from the first mirror that has it")
  func fits() throws {
    let folder = NSTemporaryDirectory() + "apus-download-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try AtomicFile.write(Array("abc".utf8), to: "\(folder)/a")
    let good = Download(
      name: "a", digest: "900150983cd24fb0d6963f7d28e17f72",
      mirrors: ["file:///nonexistent", "file://\(folder)"])
    try good.run(to: "\(folder)/copy")
    #expect(try FileBytes.read("\(folder)/copy") == Array("abc".utf8))

    let bad = Download(name: "a", digest: "0", mirrors: ["file://\(folder)"])
    let error = #expect(throws: DataError.self) { try bad.run(to: "\(folder)/b") }
    #expect(
      error?.description == "\(folder)/b: cannot download: file://\(folder)/a: corrupt: "
        + "MD5 should be 0, is 900150983cd24fb0d6963f7d28e17f72")
    #expect(throws: DataError.self) { try FileBytes.read("\(folder)/b") }
  }

  @Test("an address that cannot be reached is named with the reason")
  func unreachable() throws {
    let download = Download(name: "a", digest: "0", mirrors: ["http://127.0.0.1:1"])
    let path = NSTemporaryDirectory() + "apus-unreachable"
    let error = #expect(throws: DataError.self) { try download.run(to: path) }
    let text = try #require(error?.description)
    #expect(text.hasPrefix("\(path): cannot download: http://127.0.0.1:1/a: "), "\(text)")
  }
}
