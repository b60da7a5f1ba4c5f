import Foundation
import Testing

@testable import ApusData

@Suite("preprocessing") struct PreprocessingTests {
  @Test("labels are numbered in sorted order and come back")
  func labels() throws {
    let encoder = try LabelEncoder(fitting: ["b", "a", "c", "a"])
    #expect(encoder.classes == ["a", "b", "c"])
    #expect(try encoder.codes(["c", "a"]) == [2, 0])
    #expect(try encoder.labels([2, 0]) == ["c", "a"])
    checkRefusal("label encoder: row 2: no label named \"x\"; there are: \"a\", \"b\", \"c\"") {
      try encoder.codes(["a", "x"])
    }
    checkRefusal("label encoder: row 1: code 3 is out of range, there are 3 labels") {
      try encoder.labels([3])
    }
    checkRefusal("label encoder: there are no labels") { try LabelEncoder(fitting: []) }
  }

  @Test("one-hot rows hold a single 1, or none for a dropped first column")
  func oneHot() throws {
    #expect(try OneHot.encode([1, 0], classes: 3).doubles() == [0, 1, 0, 1, 0, 0])
    let dropped = try OneHot.encode([1, 0, 2], classes: 3, droppingFirst: true)
    #expect(dropped.doubles() == [1, 0, 0, 0, 0, 1])
    checkRefusal("one-hot: row 2: code 3 is out of range, there are 3 classes") {
      try OneHot.encode([0, 3], classes: 3)
    }
    checkRefusal("one-hot: row 1: code -1 is out of range, there are 3 classes") {
      try OneHot.encode([-1], classes: 3)
    }
  }

  @Test("scalers follow their formulas and leave constant features at 0")
  func scalers() throws {
    let x = try floats([1, 5, 0.1, 2, 5, 0.1, 4, 5, 0.1], [3, 3])
    let minMax = try MinMaxScaler(fitting: x)
    #expect(try minMax.apply(x).doubles() == [0, 0, 0, Double(Float(1.0 / 3)), 0, 0, 1, 0, 0])
    let standard = try StandardScaler(fitting: x)
    let deviation = (14.0 / 9).squareRoot()
    #expect(standard.scale[1] == 1 && standard.scale[2] == 1)
    #expect(abs(standard.scale[0] - deviation) < 1e-12)
    // Ten times 0.1 has a mean that is not 0.1 and a variance that is not 0.
    let tenths = [Double](repeating: 0.1, count: 10).withUnsafeBytes { Array($0) }
    let constant = try HostArray(dtype: .float64, shape: [10, 1], bytes: tenths)
    #expect(try StandardScaler(fitting: constant).scale == [1])
    #expect(abs(try standard.apply(x).doubles()[0] - (1 - 7.0 / 3) / deviation) < 1e-6)
    for (a, b) in zip(try standard.invert(standard.apply(x)).doubles(), x.doubles()) {
      #expect(abs(a - b) < 1e-6)
    }
    let saved = try JSONEncoder().encode(standard)
    #expect(try JSONDecoder().decode(StandardScaler.self, from: saved) == standard)
  }

  @Test("a scaler is applied to one column of a data set")
  func dataset() throws {
    let data = try TensorDatasetTests.sample(5)
    let scaler = try MinMaxScaler(fitting: data.array("inputs"))
    let scaled = try scaler.apply(to: data)
    #expect(try scaled.array("inputs").doubles() == [0, 1, 0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 1, 0])
    #expect(try scaled.array("targets") == data.array("targets"))
  }

  @Test("refusals name row and column")
  func refusals() throws {
    checkRefusal("scaler: row 2, column 1: is NaN") {
      try StandardScaler(fitting: floats([1, 2, .nan, 4], [2, 2]))
    }
    checkRefusal("scaler: row 1, column 2: is infinite") {
      try MinMaxScaler(fitting: floats([1, .infinity], [1, 2]))
    }
    checkRefusal("scaler: needs rows of features [N, F], has shape [2]") {
      try MinMaxScaler(fitting: floats([1, 2], [2]))
    }
    checkRefusal("scaler: fitted on 1 features, the data has 2") {
      try MinMaxScaler(fitting: floats([1], [1, 1])).apply(floats([1, 2], [1, 2]))
    }
  }
}
