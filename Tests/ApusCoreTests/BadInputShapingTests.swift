import ApusCore
import ApusTestSupport
import Testing

private let lists: [[Int]] = [
  [], [0], [1], [-1], [0, 1], [1, 0], [0, 0], [-1, -1], [-1, 0], [2, 3], [3, -1], [-1, -2, -3],
  [0, 1, 2], [1 << 31, 1 << 31], [1 << 40, 1 << 40], [.max], [.min], [.max, .max], [.min, .min],
  [.max, 0], [0, .max, .max], [.min, -1], [1, 1, 1, 1, 1, 1, 1, 1, 1],
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
]
private let ranges: [Range<Int>] = [
  0..<0, 0..<1, 1..<3, 2..<2, 0..<4, -1..<1, 5..<9, 0 ..< .max, .min..<0, .min ..< .max,
]

@Suite("bad input: shapes") struct BadInputShapingTests {
  @Test("no shape, axis or range ends the process")
  func shaping() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for x in BadInput.operands {
        for dims in lists {
          bad.call("reshaped \(dims)", [x]) { [$0[0].reshaped(to: dims)] }
          bad.call("reshaped Shape\(dims)", [x]) { [$0[0].reshaped(to: Shape(dims))] }
          bad.call("broadcast \(dims)", [x]) { [$0[0].broadcast(to: Shape(dims))] }
          bad.call("squeezed \(dims)", [x]) { [$0[0].squeezed(axes: dims)] }
          bad.call("flipped \(dims)", [x]) { [$0[0].flipped(axes: dims)] }
          bad.call("transposed \(dims)", [x]) { [$0[0].transposed(permutation: dims)] }
          bad.call("tiled \(dims)", [x]) { [$0[0].tiled(dims)] }
          bad.call("rolled \(dims)", [x]) { [$0[0].rolled(by: dims, axes: [0, 1])] }
          bad.call("rolled axes \(dims)", [x]) { [$0[0].rolled(by: [1, .min], axes: dims)] }
          bad.call("padded low \(dims)", [x]) {
            [$0[0].padded(low: dims, high: dims.map { _ in 1 })]
          }
          bad.call("padded \(dims)", [x]) {
            [$0[0].padded(low: dims.map { _ in 0 }, high: dims, value: .nan)]
          }
          bad.call("padded ±\(dims)", [x]) {
            [$0[0].padded(low: dims, high: dims.map { 0 &- $0 })]
          }
          bad.call("split sizes \(dims)", [x]) { $0[0].split(sizes: dims, axis: -1) }
          bad.call("strided \(dims)", [x]) {
            [$0[0].sliced(dims.map { _ in nil }, strides: dims)]
          }
        }
        for axis in BadInput.axes {
          bad.call("flattened \(axis)", [x]) { [$0[0].flattened(from: axis)] }
          bad.call("expanded \(axis)", [x]) { [$0[0].expanded(at: axis)] }
          bad.call("swapped \(axis)", [x]) { [$0[0].swappingAxes(axis, 0)] }
          for range in ranges {
            bad.call("sliced \(axis) \(range)", [x]) { [$0[0].sliced(axis: axis, range)] }
          }
          for size in BadInput.sizes {
            bad.call("sliced \(axis) by \(size)", [x]) {
              [$0[0].sliced(axis: axis, 0..<1, stride: size)]
            }
            bad.call("sliced \(axis) from \(size)", [x]) {
              [$0[0].sliced(axis: axis, from: size), $0[0].sliced(axis: axis, to: size)]
            }
            bad.call("walked \(axis) by \(size)", [x]) {
              [$0[0].sliced(axis: axis, stride: size)]
            }
            bad.call("repeated \(size) \(axis)", [x]) { [$0[0].repeated(size, axis: axis)] }
            bad.call("topK \(size) \(axis)", [x]) {
              let (values, indices) = $0[0].topK(size, axis: axis)
              return [values, indices]
            }
          }
        }
        for size in BadInput.sizes {
          bad.call("[\(size)]", [x], named: false) { [$0[0][size]] }
          bad.call("diagonal \(size)", [x]) { [$0[0].diagonal(offset: size)] }
          bad.call("lowerTriangle \(size)", [x]) { [$0[0].lowerTriangle(diagonal: size)] }
          bad.call("upperTriangle \(size)", [x]) { [$0[0].upperTriangle(diagonal: size)] }
          bad.call("split into \(size)", [x]) { $0[0].split(into: size) }
          // A part for every element of a vast axis is more than memory holds.
          if x.tensor.count < 1 << 20 || size > 1 << 41 {
            bad.call("split of \(size)", [x]) { $0[0].chunks(ofSize: size, axis: -1) }
          }
          bad.call("oneHot \(size)", [x]) { [$0[0].oneHot(depth: size)] }
        }
        for range in ranges {
          bad.call("[\(range)]", [x], named: false) { [$0[0][range]] }
          bad.call("sliced [\(range)]", [x]) { [$0[0].sliced([range])] }
          bad.call("sliced [\(range), nil]", [x]) { [$0[0].sliced([range, nil, range])] }
        }
        bad.call("matrixTransposed", [x]) { [$0[0].matrixTransposed()] }
        bad.call("squeezed", [x]) { [$0[0].squeezed()] }
      }
      #expect(bad.calls > 20_000 && bad.refusals > 10_000)
    }
  }

  @Test("no size of a new tensor ends the process")
  func creation() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      let key = RandomKey(seed: .min)
      for dims in lists {
        let shape = Shape(dims)
        bad.attempt("Shape \(dims)") {
          _ = (shape.count, shape.strides, shape[.min], shape[.max], "\(shape)")
          _ = TensorType(.float64, shape).byteCount
        }
        for dtype in DType.allCases {
          bad.call("repeating \(dims) \(dtype)") { _ in
            [Tensor(repeating: .nan, shape: shape, dtype: dtype)]
          }
          bad.call("zeros \(dims) \(dtype)", named: false) { _ in
            [.zeros(shape, dtype: dtype), .ones(shape, dtype: dtype)]
          }
          bad.call("uniform \(dims) \(dtype)") { _ in [.uniform(shape, dtype: dtype, key: key)] }
          bad.call("normal \(dims) \(dtype)") { _ in [.normal(shape, dtype: dtype, key: key)] }
          bad.call("truncatedNormal \(dims) \(dtype)") { _ in
            [.truncatedNormal(shape, dtype: dtype, key: key)]
          }
          bad.call("randomIntegers \(dims) \(dtype)") { _ in
            [.randomIntegers(shape, in: 0..<300, dtype: dtype, key: key)]
          }
          bad.call("bytes \(dims) \(dtype)") { _ in
            [Tensor(bytes: [1, 2, 3, 4], dtype: dtype, shape: shape)]
          }
          for axis in BadInput.axes {
            bad.call("iota \(dims) \(axis) \(dtype)") { _ in
              [.iota(shape, axis: axis, dtype: dtype)]
            }
          }
        }
        bad.call("scalars \(dims)") { _ in
          [Tensor([Float](), shape: shape), Tensor([1, 2.0, 3], shape: shape)]
        }
        bad.call("bernoulli \(dims)") { _ in [.bernoulli(0.5, shape: shape, key: key)] }
        bad.attempt("graph \(dims)") {
          _ = try graph(of: { [$0[0] + 1] }, on: [TensorType(.float32, shape)]).description
        }
      }
      for size in BadInput.sizes {
        bad.call("range \(size)", named: false) { _ in
          [
            .range(size), .range(size, dtype: .bool), .identity(size),
            .identity(size, dtype: .bool),
          ]
        }
        bad.call("linspace \(size)", named: false) { _ in
          [
            .linspace(from: .nan, to: .infinity, count: size),
            .linspace(from: 1, to: -1, count: size, dtype: .int32),
          ]
        }
        bad.call("permutation \(size)") { _ in [.permutation(size, key: key)] }
        bad.call("categorical \(size)") { _ in
          [.categorical(logits: BadInput.filled([2, 3]), samples: size, key: key)]
        }
        bad.call("key \(size)", named: false) { _ in
          [RandomKey(seed: size).folding(in: size).tensor]
        }
        if size <= 9 || size > 1 << 30 {
          bad.call("keys \(size)", named: false) { _ in key.split(size).map(\.tensor) }
        }
      }
      for ends in [0..<0, 0..<1, .min..<0, 0 ..< .max, .min ..< .max, -1..<1 << 40] {
        bad.call("randomIntegers \(ends)") { _ in
          [
            .randomIntegers([3], in: ends, key: key),
            .randomIntegers([3], in: ends, dtype: .uint8, key: key),
            .randomIntegers([3], in: ends, dtype: .int64, key: key),
          ]
        }
      }
      for number in BadInput.numbers {
        bad.call("numbers \(number)") { _ in
          [
            .bernoulli(number, shape: [3], key: key),
            .normal([3], mean: number, key: key),
            .normal([3], standardDeviation: number, key: key),
            .truncatedNormal([3], standardDeviation: number, key: key),
            .truncatedNormal([3], limit: number, key: key),
          ]
        }
        for dtype in DType.allCases {
          bad.call("constant \(number) \(dtype)", named: false) { _ in
            [Tensor(number, dtype: dtype), BadInput.filled([2], dtype) + number]
          }
        }
        if number < 1 {
          bad.call("uniform \(number)") { _ in [.uniform([3], in: number..<1, key: key)] }
        }
      }
      for x in BadInput.operands {
        bad.call("RandomKey", [x]) { [RandomKey($0[0]).tensor] }
        bad.call("folding", [x]) { [key.folding(in: $0[0]).tensor] }
        bad.call("bernoulli", [x]) { [.bernoulli($0[0], key: key)] }
        bad.call("categorical", [x]) { [.categorical(logits: $0[0], key: key)] }
        bad.call("uniform of key", [x]) { [.uniform([2], key: RandomKey($0[0]))] }
        bad.call("like", [x], named: false) { [Tensor(.nan, like: $0[0])] }
        bad.attempt("description \(x.name)") {
          if x.tensor.type.byteCount < 1 << 20 { _ = x.tensor.description }
        }
      }
      #expect(bad.calls > 2_000 && bad.refusals > 500)
    }
  }

  @Test("integers wrap, divide by zero and overflow as documented")
  func integers() throws {
    try TestExecutor.cpu.run {
      let a = Tensor([Int32.min, .min, 7, -7, 0], shape: [5])
      let b = Tensor([Int32(-1), 0, 0, 0, -1], shape: [5])
      #expect(try (a / b).scalars(as: Int32.self) == [.min, 0, 0, 0, 0])
      _ = try (a % b).scalars(as: Int32.self)
      #expect(try a.abs().scalars(as: Int32.self) == [.min, .min, 7, 7, 0])
      #expect(try (-a).scalars(as: Int32.self) == [.min, .min, -7, 7, 0])
      let c = Tensor([Int64.min, .min, .max], shape: [3])
      let d = Tensor([Int64(-1), 0, 0], shape: [3])
      #expect(try (c / d).scalars(as: Int64.self) == [.min, 0, 0])
      _ = try (c % d).scalars(as: Int64.self)
      #expect(try (c * c + c).scalars(as: Int64.self) == [.min, .min, .min])
      let u = Tensor([UInt8(7), 0, 255], shape: [3])
      #expect(try (u / Tensor(0, like: u)).scalars(as: UInt8.self) == [0, 0, 0])
      _ = try (u % Tensor(0, like: u)).scalars(as: UInt8.self)
      let wild = Tensor([Double.nan, .infinity, -.infinity, 1e300, -1e300])
      for dtype in DType.allCases { _ = try wild.converted(to: dtype).bytes() }
    }
  }

  @Test("linspace rounds once, at the end")
  func linspace() throws {
    try TestExecutor.cpu.run {
      let whole = Tensor.linspace(from: 0, to: 2, count: 5, dtype: .int32)
      #expect(try whole.scalars(as: Int32.self) == [0, 0, 1, 1, 2])
      let half = try Tensor.linspace(from: 0, to: 4095, count: 4096, dtype: .float16)
        .scalars(as: Double.self)
      #expect(half.last == Double(Float16(4095)))
    }
  }

  @Test("triangles far from the matrix are all of it or nothing")
  func farTriangles() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.ones([2, 2])
      for (y, expected) in [(Tensor, Double)]([
        (x.lowerTriangle(diagonal: .max), 1), (x.lowerTriangle(diagonal: .min), 0),
        (x.upperTriangle(diagonal: .max), 0), (x.upperTriangle(diagonal: .min), 1),
      ]) {
        try expectClose(y, Array(repeating: expected, count: 4))
      }
    }
  }
}
