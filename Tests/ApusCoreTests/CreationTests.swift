import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("making and reading tensors") struct CreationTests {
  @Test("arrays of any rank go in and come out", arguments: TestExecutor.allCases)
  func nested(on executor: TestExecutor) throws {
    try executor.run { () throws in
      let rows: [[Float]] = [[1, 2, 3], [4, 5, 6]]
      let x = Tensor(nested: rows)
      #expect(x.type == TensorType(.float32, [2, 3]))
      #expect(try x.nested(as: [[Float]].self) == rows)
      #expect(try x.nested(as: [[Int]].self) == [[1, 2, 3], [4, 5, 6]])
      #expect(
        try (x * 2).matrixTransposed().nested(as: [[Double]].self) == [[2, 8], [4, 10], [6, 12]])
      let video = (0..<2).map { n in
        (0..<3).map { t in (0..<1).map { c in (0..<2).map { h in [Int32(n + t), Int32(c + h)] } } }
      }
      let five = Tensor(nested: video)
      #expect(five.shape == [2, 3, 1, 2, 2])
      #expect(try five.nested(as: [[[[[Int32]]]]].self) == video)
      #expect(try Tensor(nested: 2.5).nested(as: Double.self) == 2.5)
      #expect(
        try Tensor(nested: [[true], [false]]).nested(as: [[Bool]].self) == [[true], [false]])
      #expect(Tensor(nested: [[[Float]]]()).shape == [0, 0, 0])
      #expect(try Tensor(nested: [[], []] as [[Float]]).nested(as: [[Float]].self) == [[], []])
      #expect(Tensor(nested: rows, dtype: .float16).dtype == .float16)
    }
  }

  @Test("ragged arrays and wrong ranks are refused")
  func ragged() {
    expectRefusal(
      Tensor(nested: [[[1.0, 2]], [[1.0], [2.0]]], file: "App/M.swift", line: 5),
      """
      Tensor: parts differ in shape: part 0 is [1, 2], part 1 is [2, 1]
        called at App/M.swift:5
      """)
    let error = #expect(throws: TensorError.self) {
      try Tensor([1.0, 2]).nested(as: [[Double]].self, file: "App/M.swift", line: 6)
    }
    #expect(
      error?.description == """
        nested: Array<Array<Double>> has rank 2, the tensor has 1
          x: f64[2]
          called at App/M.swift:6
        """)
    TestExecutor.cpu.run {
      var bad = BadInput()
      for operand in BadInput.operands where operand.tensor.type.byteCount < 1 << 20 {
        bad.attempt("nested \(operand.name)") {
          _ = try operand.tensor.nested(as: [[[Float]]].self)
        }
      }
      bad.call("uneven") { _ in [Tensor(nested: [[1], []] as [[Int]])] }
      bad.call("deeper than the largest rank") { _ in
        [Tensor(nested: [[[[[[[[[1.0]]]]]]]]])]
      }
      #expect(bad.refusals > 20)
      print("bad input: nested arrays: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }

  @Test("raw bytes go in and come out, for every dtype")
  func bytes() throws {
    try TestExecutor.cpu.run { () throws in
      for dtype in DType.allCases where dtype != .bool {
        let count = 6 * dtype.byteCount
        let bytes = (0..<count).map { UInt8($0 % 64) }
        let x = Tensor(bytes: bytes, dtype: dtype, shape: [2, 3])
        #expect(try x.bytes() == bytes)
      }
      #expect(
        try Tensor([1.0, -2]).bytes() == [1.0, -2].flatMap { withUnsafeBytes(of: $0, Array.init) })
    }
  }

  @Test("sequences and the identity", arguments: TestExecutor.allCases)
  func sequences(on executor: TestExecutor) throws {
    try executor.run {
      try expectClose(
        Tensor.linspace(from: -1, to: 1, count: 5), [-1, -0.5, 0, 0.5, 1], shape: [5])
      try expectClose(Tensor.linspace(from: 3, to: 9, count: 1), [3])
      try expectClose(Tensor.identity(2), [1, 0, 0, 1], shape: [2, 2])
      try expectClose(Tensor.range(3), [0, 1, 2])
      try expectClose(Tensor.iota([2, 2], axis: -1), [0, 1, 0, 1])
      #expect(Tensor.range(3).dtype == .int32 && Tensor.identity(2).dtype == .float32)
    }
  }

  @Test("axes of extent 1 come and go", arguments: TestExecutor.allCases)
  func axes(on executor: TestExecutor) throws {
    try executor.run {
      let x = Tensor([1.0, 2, 3])
      #expect(x.expanded(at: 0).shape == [1, 3])
      #expect(x.expanded(at: -1).shape == [3, 1])
      #expect(x.expanded(at: 0).expanded(at: 2).squeezed().shape == [3])
      #expect(x.expanded(at: 0).expanded(at: 0).squeezed(axes: [1]).shape == [1, 3])
      #expect(x.expanded(at: 0).squeezed(axes: [1]).error?.reason == "axis 1 has extent 3, not 1")
      #expect(x.flattened().shape == [3])
      try checkGradient(of: [[2, 3]], order: 2, seed: 1) {
        $0[0].expanded(at: 1).squeezed().square().flattened()
      }
    }
  }

  @Test("videos [N, T, C, H, W] go through every family", arguments: TestExecutor.allCases)
  func fiveAxes(on executor: TestExecutor) throws {
    try executor.run {
      let x = Tensor((0..<48).map(Double.init), shape: [2, 3, 1, 2, 4])
      let moved = x.transposed(permutation: [0, 1, 3, 4, 2])
      #expect(moved.shape == [2, 3, 2, 4, 1])
      try expectClose(moved.sum(axes: [1, 2, 3, 4]), [276, 852], shape: [2])
      try expectClose(x.mean(axes: [0, 1, 3, 4]), [23.5], shape: [1])
      try expectClose(x[1][-1][0].sliced(axis: 1, from: -1, stride: -2), [43, 41, 47, 45])
      #expect(x.flipped(axes: [1, 4]).shape == x.shape)
      try expectClose(x.flipped(axes: [4])[0][0][0][0], [3, 2, 1, 0])
      #expect((x * Tensor([1.0, 2], shape: [2, 1])).shape == x.shape)
      #expect(
        x.padded(low: [0, 0, 0, 1, 1], high: [0, 0, 0, 1, 1], mode: .replicate).shape == [
          2, 3, 1, 4, 6,
        ])
      #expect(concatenated([x, x], axis: 2).shape == [2, 3, 2, 2, 4])
      try expectClose(x.split(into: 3, axis: 1)[2].sum(axes: [0, 2, 3, 4]), [504])
      try checkGradient(of: [[2, 2, 1, 2, 2]], order: 2, seed: 2) {
        ($0[0].softmax() * $0[0].rolled(by: [1], axes: [1])).transposed(permutation: [
          4, 3, 2, 1, 0,
        ])
      }
    }
  }
}
