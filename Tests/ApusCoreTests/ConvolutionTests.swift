import ApusCore
import ApusTestSupport
import Testing

@Suite("convolution") struct ConvolutionTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("convolution", op: "convolution") {
      try checkGolden(golden) { inputs in
        let y = convolution(
          inputs[0], inputs[1], stride: golden.ints("stride"), padding: golden.padding,
          dilation: golden.ints("dilation"), groups: golden.int("groups"))
        return [inputs.count > 2 ? y + inputs[2] : y]
      }
    }
  }

  @Test("transposed values and gradients agree with PyTorch")
  func transposed() throws {
    for golden in try goldens("convolution", op: "convolutionTransposed") {
      try checkGolden(golden) { inputs in
        let y = transposedConvolution(
          inputs[0], inputs[1], stride: golden.ints("stride"), padding: golden.padding,
          outputPadding: golden.ints("outputPadding"), dilation: golden.ints("dilation"),
          groups: golden.int("groups"))
        return [inputs.count > 2 ? y + inputs[2] : y]
      }
    }
  }

  @Test(
    "gradient agrees with central differences at both orders",
    arguments: [
      ([[2, 5, 2], [4, 1, 3]], 2, 2, 1), ([[1, 4, 5, 2], [3, 2, 3, 2]], 1, 1, 1),
      ([[2, 5, 5, 4], [2, 2, 2, 2]], 2, 2, 2), ([[1, 3, 3, 3, 1], [2, 1, 2, 2, 2]], 1, 1, 1),
      ([[1, 6, 6, 3], [3, 1, 3, 3]], 1, 3, 1),
    ])
  func gradient(_ shapes: [[Int]], _ stride: Int, _ groups: Int, _ dilation: Int) throws {
    try expectGradient(of: shapes, seed: 5) {
      convolution(
        $0[0], $0[1], stride: [stride], padding: .explicit([(1, 0)]), dilation: [dilation],
        groups: groups)
    }
    try expectGradient(of: shapes, seed: 6) {
      convolution($0[0].square(), $0[1].square(), stride: [stride], padding: .same, groups: groups)
    }
  }

  @Test(
    "float32 agrees with float64 at sizes of real layers",
    arguments: [
      ([2, 14, 14, 16], [32, 16, 3, 3], 1, 1), ([2, 28, 28, 1], [6, 1, 5, 5], 1, 1),
      ([1, 15, 15, 32], [32, 1, 3, 3], 2, 32), ([2, 9, 9, 24], [48, 12, 1, 1], 1, 2),
    ])
  func single(_ x: [Int], _ w: [Int], _ stride: Int, _ groups: Int) throws {
    var random = SplitMix(state: 9)
    func draw(_ dims: [Int]) -> Tensor {
      let count = dims.reduce(1, *)
      let values = (0..<count).map { _ in Double(Float.random(in: -1..<1, using: &random)) }
      return Tensor(values, shape: Shape(dims))
    }
    let (image, weight) = (draw(x), draw(w))
    func results(_ dtype: DType) -> [Tensor] {
      let points = [image.converted(to: dtype), weight.converted(to: dtype)]
      func y(_ p: [Tensor]) -> Tensor {
        convolution(p[0], p[1], stride: [stride], padding: .same, groups: groups)
      }
      return [y(points)] + gradients(at: points) { y($0).square().sum() * 0.01 }
    }
    // The reference executor takes too long at these sizes.
    try TestExecutor.cpu.run {
      for (a, b) in zip(results(.float32), results(.float64)) {
        try expectClose(a, try b.scalars(as: Double.self), absolute: 2e-4, relative: 1e-4)
      }
    }
  }

  @Test("same padding gives ⌈extent / stride⌉ elements, the odd one at the high end")
  func same() throws {
    for (extent, window, stride) in [(5, 3, 2), (6, 3, 2), (7, 2, 3), (4, 1, 1), (5, 5, 1)] {
      let x = Tensor((0..<extent).map { Double($0 + 1) }, shape: [1, extent, 1])
      let w = Tensor(repeating: 1, shape: [1, 1, window], dtype: .float64)
      let y = convolution(x, w, stride: [stride], padding: .same)
      #expect(y.shape == [1, (extent + stride - 1) / stride, 1])
    }
    let x = Tensor([1.0, 2, 3, 4], shape: [1, 4, 1])
    let w = Tensor([1.0, 10], shape: [1, 1, 2])
    try onExecutors { try expectClose(convolution(x, w, padding: .same), [21, 32, 43, 4]) }
    let grown = transposedConvolution(x, w, stride: [2], padding: .same)
    #expect(grown.shape == [1, 8, 1])
  }

  @Test("refusals name channels, windows, strides and groups with their numbers")
  func refusals() {
    let x = standIn(.float32, [1, 8, 8, 3])
    func reason(
      _ w: [Int], stride: [Int] = [1], padding: Padding = .valid, dilation: [Int] = [1],
      groups: Int = 1
    ) -> String? {
      convolution(
        x, standIn(.float32, w), stride: stride, padding: padding, dilation: dilation,
        groups: groups
      ).error?.reason
    }
    expectRefusal(
      convolution(x, standIn(.float32, [6, 4, 3, 3]), file: "App/Model.swift", line: 7),
      """
      convolution: channels differ: x has 3, the weight has 4
        x: f32[1, 8, 8, 3]
        weight: f32[6, 4, 3, 3]
        called at App/Model.swift:7
      """)
    #expect(
      reason([6, 3, 9, 3]) == "window of 9 does not fit spatial axis 0 with 8 padded elements")
    #expect(
      reason([6, 3, 3, 3], dilation: [4])
        == "window of 9 does not fit spatial axis 0 with 8 padded elements")
    #expect(reason([6, 3, 3, 3], stride: [0]) == "stride 0 of spatial axis 0 is not positive")
    #expect(
      reason([6, 3, 3, 3], stride: [1, 1, 1])
        == "stride [1, 1, 1] has 3 numbers for 2 spatial axes")
    #expect(reason([6, 3, 3, 3], groups: 2) == "2 groups do not divide the 3 channels of x")
    #expect(reason([7, 1, 3, 3], groups: 3) == "3 groups do not divide the 7 output channels")
    #expect(
      reason([6, 2, 3, 3], groups: 3) == "channels differ: x has 3, 1 per group, the weight has 2")
    #expect(reason([6, 3, 3, 3], groups: 0) == "groups 0 is not positive")
    #expect(
      reason([6, 3, 3, 3], padding: .symmetric(-1))
        == "padding (-1, -1) of spatial axis 0 is negative")
    #expect(
      reason([6, 3, 3]) == "the weight [O, C / groups, window…] has rank 3, x has rank 4")
    #expect(
      convolution(standIn(.float32, [8, 3]), standIn(.float32, [6, 3])).error?.reason
        == "x needs 1 to 3 spatial axes, [N, spatial…, C]: its rank is 2")
  }
}

extension GoldenCase {
  /// The attribute `padding`, one pair for each spatial axis.
  var padding: Padding { .explicit(pairs("padding").map { ($0[0], $0[1]) }) }
}
