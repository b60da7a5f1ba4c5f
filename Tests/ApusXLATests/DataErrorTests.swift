import ApusCore
import ApusTestSupport
import Testing

@Suite("errors of data on XLA", .needsPlugin) struct DataErrorTests {
  @Test("an index out of range is told as the CPU executor tells it")
  func sameText() throws {
    try expectSameFailures {
      let x = Tensor((0..<12).map { Double($0) }, shape: [4, 3])
      let places = Tensor([Int32(0), -4, 3, 4])
      let grid = Tensor([Int64(0), 1, 2, 3, -5, 0], shape: [2, 3])
      let labels = Tensor([Int64(0), 2, -1, 1])
      let far = Tensor([Int32(1), 1, 1, 1, 1, 1, 1, -3, 1, 1, 1, 1], shape: [4, 3])
      return [
        x.gathered(places), x.gathered(Tensor([Int64(-5)])),
        x.gathered(Tensor([Int32(3)]), axis: 1),
        x.gatheredElements(Tensor([Int32(0), 1, 2, 3], shape: [4, 1]), axis: 1),
        x.sliced(axis: 0, 0..<2).gatheredElements(grid, axis: 1),
        x.scatteringAdd(x, at: places),
        x.scatteringAddElements(x, at: Tensor.iota([4, 3], axis: 0) * far, axis: 0),
        labels.oneHot(depth: 3), x.picking(labels: labels),
        softmaxCrossEntropy(logits: x, labels: labels),
        gradient(at: x) { $0.gathered(places).square().sum() },
      ]
    }
  }

  @Test("the first of several is named, with the operation, the range and the caller")
  func text() throws {
    let places = Tensor([Int32(1), -2, 5, -3, 9])
    let y = Tensor([1.0, 2]).gathered(places, file: "App/M.swift", line: 1)
    let error = #expect(throws: TensorError.self) {
      try XLATestDevice.run { try y.scalars(as: Double.self) }
    }
    #expect(
      error?.description == """
        gather: index 5 at position 2 is out of range: valid are 0..<2
          called at App/M.swift:1
        """)
  }

  @Test("the last valid indices from both ends are good")
  func ends() throws {
    try expectAgreement {
      let x = Tensor([1.0, 2, 3])
      return [x.gathered(Tensor([Int32(-3), 2, -1, 0])), Tensor([Int64(0), 2]).oneHot(depth: 3)]
    }
  }
}
