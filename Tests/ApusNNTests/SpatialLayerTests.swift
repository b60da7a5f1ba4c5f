import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// What goldens in float64 do not reach: the float32 kernels, of the library and our own, on sizes
/// where they are chosen, and relations between layers.
@Suite("spatial layers") struct SpatialLayerTests {
  /// A function, and shapes of its arguments that are large enough for the library.
  struct Case: CustomStringConvertible, Sendable {
    let description: String
    let shapes: [[Int]]
    let call: @Sendable ([Tensor]) -> Tensor

    init(
      _ description: String, _ shapes: [[Int]], _ call: @escaping @Sendable ([Tensor]) -> Tensor
    ) {
      self.description = description
      self.shapes = shapes
      self.call = call
    }
  }

  private static func depthwise(_ channels: Int, _ multiplier: Int = 1, stride: Int = 1) -> Case {
    Case(
      "depthwise of \(channels) × \(multiplier), stride \(stride)",
      [[3, 13, 12, channels], [channels * multiplier, 1, 3, 3]]
    ) {
      convolution(
        $0[0], $0[1], stride: [stride], padding: .symmetric(1), groups: channels)
    }
  }

  private static func grouped(_ channels: Int, _ filters: Int, _ groups: Int) -> Case {
    Case(
      "\(groups) groups of \(channels) → \(filters)",
      [[2, 11, 10, channels], [filters, channels / groups, 3, 3]]
    ) { convolution($0[0], $0[1], padding: .symmetric(1), groups: groups) }
  }

  static let cases: [Case] = [
    depthwise(3), depthwise(5, 2), depthwise(17), depthwise(17, 3, stride: 2), depthwise(64),
    depthwise(128, stride: 2), depthwise(33, stride: 3), grouped(6, 9, 3), grouped(34, 17, 17),
    grouped(32, 64, 4), grouped(20, 10, 5), grouped(5, 7, 1), grouped(17, 3, 1),
    Case("1-D", [[4, 70, 17], [33, 17, 5]]) { convolution($0[0], $0[1], dilation: [3]) },
    Case("1-D depthwise", [[4, 70, 40], [40, 1, 7]]) { convolution($0[0], $0[1], groups: 40) },
    Case("3-D", [[2, 6, 7, 8, 5], [12, 5, 3, 2, 3]]) {
      convolution($0[0], $0[1], stride: [1, 2, 1], padding: .symmetric(1))
    },
    Case("3-D depthwise", [[2, 6, 7, 8, 20], [20, 1, 3, 3, 3]]) {
      convolution($0[0], $0[1], padding: .symmetric(1), groups: 20)
    },
    Case("transposed", [[2, 8, 8, 32], [32, 17, 4, 4]]) {
      transposedConvolution($0[0], $0[1], stride: [2], padding: .symmetric(1))
    },
    Case("transposed groups", [[2, 7, 6, 24], [24, 5, 3, 3]]) {
      transposedConvolution(
        $0[0], $0[1], stride: [3, 2], padding: .symmetric(1), outputPadding: [2, 1], groups: 3)
    },
    Case("transposed depthwise", [[2, 9, 9, 32], [32, 1, 4, 4]]) {
      transposedConvolution($0[0], $0[1], stride: [2], padding: .symmetric(1), groups: 32)
    },
    Case("transposed 3-D", [[1, 4, 5, 4, 16], [16, 9, 2, 3, 3]]) {
      transposedConvolution($0[0], $0[1], stride: [2], dilation: [1, 2, 1])
    },
    Case("average with padding", [[2, 31, 30, 17]]) {
      $0[0].averagePooled(
        window: [3], stride: [2], padding: .symmetric(1), countingPadding: true, ceilMode: true)
    },
    Case("average", [[2, 31, 30, 17]]) {
      $0[0].averagePooled(window: [3], stride: [2], padding: .symmetric(1))
    },
    Case("adaptive average", [[1, 31, 30, 35]]) { $0[0].adaptiveAveragePooled(to: [7, 4]) },
    Case("adaptive max", [[1, 31, 30, 35]]) { $0[0].adaptiveMaxPooled(to: [7, 4]) },
    Case("bilinear", [[2, 20, 17, 19]]) { $0[0].resized(to: [45, 31], .linear()) },
    Case("nearest", [[2, 20, 17, 19]]) { $0[0].upsampled(by: [2]) },
    Case("reflect", [[2, 20, 17, 19]]) {
      $0[0].padded(low: [0, 3, 2, 0], high: [0, 1, 4, 0], mode: .reflect)
    },
    Case("unfold", [[2, 20, 17, 9]]) {
      $0[0].unfolded(window: [3, 4], stride: [2, 1], padding: .symmetric(2), dilation: [1, 2])
    },
  ]

  /// The result and all gradients in one dtype, everything drawn the same.
  private func results(_ example: Case, _ dtype: DType) throws -> [[Double]] {
    let points = example.shapes.enumerated().map { index, shape in
      // Rounded, so that both dtypes hold the same numbers.
      Tensor.uniform(Shape(shape), in: -1..<1, key: RandomKey(seed: index)).converted(to: dtype)
    }
    let y = example.call(points)
    let upstream = Tensor.uniform(y.shape, in: -1..<1, key: RandomKey(seed: 99))
      .converted(to: dtype)
    let slopes = ApusCore.gradients(at: points) { (example.call($0) * upstream).sum() }
    return try ([y] + slopes).map { try $0.scalars(as: Double.self) }
  }

  @Test("float32 agrees with float64, gradients too, on one and two threads", arguments: cases)
  func precision(_ example: Case) throws {
    let exact = try TestExecutor.cpu.run { try results(example, .float64) }
    for configuration in [
      CPUConfiguration(threads: 1), CPUConfiguration(threads: 2),
      CPUConfiguration(threads: 2, usesOneDNN: false),
    ] {
      let found = try Executors.with(CPUExecutor(configuration)) {
        try results(example, .float32)
      }
      for (a, b) in zip(found, exact) {
        let scale = b.map { abs($0) }.max() ?? 1
        expectClose(a, b, absolute: 2e-6 * max(scale, 1), relative: 1e-5, "\(example)")
      }
    }
  }

  @Test("deterministic mode gives the same bits on one and two threads", arguments: cases)
  func determinism(_ example: Case) throws {
    func run(_ threads: Int) throws -> [[Double]] {
      let configuration = CPUConfiguration(threads: threads, isDeterministic: true)
      return try Executors.with(CPUExecutor(configuration)) { try results(example, .float32) }
    }
    #expect(try run(1) == run(2))
  }

  @Test("the rows of windows times a weight are the convolution")
  func unfoldedProduct() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.normal([2, 9, 7, 5], dtype: .float64, key: RandomKey(seed: 1))
      let w = Tensor.normal([4, 5, 3, 2], dtype: .float64, key: RandomKey(seed: 2))
      let padding = Padding.explicit([(1, 0), (0, 2)])
      let y = convolution(x, w, stride: [2, 1], padding: padding)
      let rows = x.unfolded(window: [3, 2], stride: [2, 1], padding: padding)
      let product = matmul(rows, w.reshaped(to: [4, 30]).matrixTransposed())
      try expectClose(
        product.reshaped(to: y.shape), try y.scalars(as: Double.self), absolute: 1e-12)
    }
  }

  @Test("folding counts how many windows meet an element; windows side by side come back whole")
  func foldRoundTrip() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.normal([2, 6, 8, 3], dtype: .float64, key: RandomKey(seed: 1))
      let values = try x.scalars(as: Double.self)
      let side = x.unfolded(window: [2, 4], stride: [2, 4])
      try expectClose(side.folded(to: [6, 8], window: [2, 4], stride: [2, 4]), values)
      let overlapping = x.unfolded(window: [3], padding: .symmetric(1))
      let back = overlapping.folded(to: [6, 8], window: [3], padding: .symmetric(1))
      let counts = Tensor.ones([2, 6, 8, 3], dtype: .float64)
        .unfolded(window: [3], padding: .symmetric(1))
        .folded(to: [6, 8], window: [3], padding: .symmetric(1))
      try expectClose(back / counts, values)
      #expect(try counts.scalars(as: Double.self).first == 4)
    }
  }

  @Test("pooling what was unpooled gives it back, also where windows overlap")
  func unpoolRoundTrip() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.uniform([2, 8, 6, 3], in: 0.5..<1, dtype: .float64, key: RandomKey(seed: 4))
      let pool = MaxPool2D(2)
      let (y, places) = pool.withIndices(x)
      let open = MaxUnpool2D(2)(y, indices: places)
      #expect(open.shape == x.shape)
      let values = try y.scalars(as: Double.self)
      try expectClose(pool(open), values)
      let (z, spots) = MaxPool2D(3, stride: 1).withIndices(x)
      let wide = MaxUnpool2D(3, stride: 1)(z, indices: spots)
      // Every place holds its element of x or 0.
      let kept = wide.where(wide .== 0, else: wide - x)
      try expectClose(kept, Array(repeating: 0, count: 288))
      try expectClose(
        MaxPool2D(3, stride: 1)(wide), try z.scalars(as: Double.self))
    }
  }

  @Test("places outside the result are told at evaluation")
  func unpoolOutside() throws {
    TestExecutor.cpu.run {
      let y = MaxUnpool2D(2)(
        Tensor.ones([1, 2, 2, 1]), indices: Tensor([0, 1, 2, 16] as [Int64], shape: [1, 2, 2, 1]))
      #expect(y.error == nil)
      #expect(throws: TensorError.self) { try eval(y) }
    }
  }

  @Test("pixels to channels and back; shuffling twice with the other number of groups")
  func rearrangements() throws {
    try TestExecutor.cpu.run {
      let x = Tensor.normal([2, 6, 9, 5], dtype: .float64, key: RandomKey(seed: 4))
      let values = try x.scalars(as: Double.self)
      try expectClose(PixelShuffle(3)(PixelUnshuffle(3)(x)), values)
      let wide = Tensor.normal([2, 3, 12], dtype: .float64, key: RandomKey(seed: 5))
      try expectClose(
        ChannelShuffle(groups: 4)(ChannelShuffle(groups: 3)(wide)),
        try wide.scalars(as: Double.self))
    }
  }

  @Test("layers refuse inputs of other channels than they have, and print what they are")
  func words() {
    let depthwise = DepthwiseConv2D(kernel: 3, multiplier: 2)
    _ = depthwise(standIn(.float32, [1, 8, 8, 4]))
    #expect("\(depthwise)" == "DepthwiseConv2D(4 → 8, 3×3)")
    #expect(
      depthwise(standIn(.float32, [1, 8, 8, 5])).error?.reason
        == "takes 4 channels, the input has 5")
    let up = ConvTranspose2D(6, kernel: 4, stride: 2, padding: .symmetric(1))
    #expect(up(standIn(.float32, [1, 8, 8, 3])).shape == [1, 16, 16, 6])
    #expect("\(up)" == "ConvTranspose2D(3 → 6, 4×4, stride 2)")
    #expect(
      up(standIn(.float32, [1, 8, 8, 5])).error?.reason == "takes 3 channels, the input has 5")
    #expect(
      Conv1D(2, kernel: 3)(standIn(.float32, [1, 8])).error?.reason
        == "needs sequences [batch, length, channels], not rank 2")
    #expect(
      CircularPad(4)(standIn(.float32, [1, 3, 2])).error?.reason
        == "circular padding (4, 4) does not fit axis 1 with extent 3")
    #expect(
      Crop([(1, 2)])(standIn(.float32, [1, 3, 2])).error?.reason
        == "(1, 2) cannot be taken from spatial axis 0 with extent 3")
    #expect("\(MaxPool3D(3, stride: 2))" == "MaxPool3D(3×3×3, stride 2×2×2)")
    #expect("\(UpSample(size: [4, 5]))" == "UpSample(4×5, nearest)")
  }

  @Test("a generator and a classifier of these layers: shapes, parameters, summary, a gradient")
  func models() throws {
    try TestExecutor.cpu.run {
      let generator = Sequential {
        Dense(256 * 4 * 4, activation: .relu)
        Reshape(4, 4, 256)
        ConvTranspose2D(8, kernel: 4, stride: 2, padding: .symmetric(1), activation: .relu)
        ConvTranspose2D(3, kernel: 4, stride: 2, padding: .symmetric(1), activation: .tanh)
      }
      let classifier = Sequential {
        Conv2D(16, kernel: 3, padding: .same, activation: .relu)
        SeparableConv2D(32, kernel: 3, stride: 2, padding: .same, activation: .relu)
        StochasticPool2D(2)
        AdaptiveAvgPool2D(1)
        Flatten()
        Dense(10)
      }
      let images = generator(Tensor.normal([2, 64], key: RandomKey(seed: 1)))
      #expect(images.shape == [2, 16, 16, 3])
      #expect(classifier(images).shape == [2, 10])
      let paths = classifier.parameters.map(\.path)
      #expect(
        paths == [
          "0.weight", "0.bias", "1.depthwise.weight", "1.pointwise.weight", "1.pointwise.bias",
          "5.weight", "5.bias",
        ])
      let summary = try classifier.summary(for: TensorType(.float32, [1, 16, 16, 3]))
      #expect("\(summary)".contains("SeparableConv2D"), "\(summary)")
      let context = Context(isTraining: true, key: RandomKey(seed: 2))
      let (_, gradients) = classifier.valueAndGradients {
        classifier(images, context).square().mean()
      }
      for gradient in gradients {
        #expect(try gradient.scalars(as: Double.self).contains { $0 != 0 })
      }
    }
  }

  @Test("weights of transposed convolutions have the variance of the sums they make")
  func transposedFans() throws {
    try TestExecutor.cpu.run {
      let layer = ConvTranspose2D(16, kernel: 3, groups: 2, weight: .heNormal)
      try layer.build(TensorType(.float64, [1, 4, 4, 64]), seed: 3)
      #expect(layer.weight.type?.shape == [64, 8, 3, 3])
      let values = try layer.weight.value.scalars(as: Double.self)
      let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      // An output sums over 32 channels of its group and 9 places.
      #expect(abs(variance * (32 * 9) / 2 - 1) < 0.1)
    }
  }
}
