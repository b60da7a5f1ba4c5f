import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let unpoolings: [VocabularyRow] = [
    unpoolRow("MaxUnpool1D", 1, MaxUnpool1D.self), unpoolRow("MaxUnpool2D", 2, MaxUnpool2D.self),
    unpoolRow("MaxUnpool3D", 3, MaxUnpool3D.self),
  ]

  private static func unpoolRow<L: MaxUnpoolingLayer>(
    _ name: String, _ axes: Int, _ type: L.Type
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("unpoolingLayers", op: name) { golden in
          let layer = L(
            window: golden.ints("window"), stride: golden.ints("stride"),
            padding: golden.windowPadding, layout: golden.layout)
          let size = golden.attributes["size"] == nil ? nil : golden.ints("size")
          try checkModule(golden, layer) { inputs, context in
            [layer(inputs[0], indices: inputs[1], size: size, context)]
          }
        }
      ]
    ) { bad in
      let shapes: [Shape] = [[1, 5, 2], [1, 4, 4, 2], [1, 3, 4, 4, 2]]
      let shape = shapes[axes - 1]
      let places = [
        BadInput.Operand("places", Tensor.zeros(shape, dtype: .int64)),
        BadInput.Operand("narrow", Tensor.zeros(shape, dtype: .int32)),
        BadInput.Operand("outside", Tensor(repeating: 0x1p40, shape: shape, dtype: .int64)),
        BadInput.Operand("negative", Tensor(repeating: -1000, shape: shape, dtype: .int64)),
        BadInput.Operand("floats", Tensor.zeros(shape)),
      ]
      for x in BadInput.Operand.spatial + [.good(axes: axes)] {
        for at in places + [BadInput.failed] {
          bad.call(name, [x, at]) { [L(2)($0[0], indices: $0[1])] }
          bad.call(name, [x, at]) { [L(3, stride: 1)($0[0], indices: $0[1])] }
        }
      }
      let good = BadInput.Operand.good(axes: axes)
      for size in BadInput.sizes {
        bad.call("\(name) size \(size)", [good, places[0]]) {
          [
            L(2)($0[0], indices: $0[1], size: [size]),
            L(2, layout: .channelsFirst)($0[0], indices: $0[1], size: [size, 1]),
            L(size)($0[0], indices: $0[1]), L(2, stride: size)($0[0], indices: $0[1]),
            L(2, padding: .symmetric(size))($0[0], indices: $0[1]),
            L(2, padding: .same)($0[0], indices: $0[1]),
            L(window: [])($0[0], indices: $0[1]),
            L(window: [1, size, 1, 1])($0[0], indices: $0[1]),
          ]
        }
      }
    }
  }

  static let samplings: [VocabularyRow] = [
    VocabularyRow(
      .layer, "UpSample",
      proofs: [
        .goldens("samplingLayers", op: "UpSample") { golden in
          let linear = Interpolation.linear(aligningCorners: golden.truth("aligned"))
          let method = golden.truth("linear") ? linear : .nearest
          guard case .numbers(let factors)? = golden.attributes["factors"] else {
            let layer = UpSample(size: golden.ints("size"), method, layout: golden.layout)
            return try checkLayer(golden, layer)
          }
          try checkLayer(golden, UpSample(factors: factors, method, layout: golden.layout))
        }
      ]
    ) { bad in
      for axes in 1...3 {
        bad.abuse(axes: axes) { size in
          [
            ("factor", UpSample(Double(size))), ("size", UpSample(size: [size])),
            ("linear", UpSample(size: [size], .linear())), ("none", UpSample(size: [])),
            ("sizes", UpSample(size: [size, 2], .linear(aligningCorners: true))),
            ("first", UpSample(size: [size], .linear(), layout: .channelsFirst)),
          ]
        }
      }
      for number in BadInput.numbers {
        for x in [BadInput.Operand.good(axes: 2), BadInput.failed] {
          bad.call("UpSample \(number)", [x]) {
            [
              UpSample(number)($0[0]), UpSample(number, .linear())($0[0]),
              UpSample(factors: [number, 1, 2])($0[0]), UpSample(factors: [])($0[0]),
            ]
          }
        }
      }
    },
    VocabularyRow(
      .layer, "PixelShuffle",
      proofs: [
        .goldens("samplingLayers", op: "PixelShuffle") {
          try checkLayer($0, PixelShuffle($0.int("factor"), layout: $0.layout))
        }
      ]
    ) { bad in
      bad.abuse {
        [("factor", PixelShuffle($0)), ("first", PixelShuffle($0, layout: .channelsFirst))]
      }
    },
    VocabularyRow(
      .layer, "PixelUnshuffle",
      proofs: [
        .goldens("samplingLayers", op: "PixelUnshuffle") {
          try checkLayer($0, PixelUnshuffle($0.int("factor"), layout: $0.layout))
        }
      ]
    ) { bad in
      bad.abuse {
        [("factor", PixelUnshuffle($0)), ("first", PixelUnshuffle($0, layout: .channelsFirst))]
      }
    },
    VocabularyRow(
      .layer, "SpatialPyramidPool2D",
      proofs: [
        .goldens("samplingLayers", op: "SpatialPyramidPool2D") {
          try checkLayer($0, SpatialPyramidPool2D(levels: $0.ints("levels"), layout: $0.layout))
        }
      ]
    ) { bad in
      bad.abuse { size in
        [
          ("levels", SpatialPyramidPool2D(levels: [1, size])),
          ("none", SpatialPyramidPool2D(levels: [])),
          ("first", SpatialPyramidPool2D(levels: [size], layout: .channelsFirst)),
        ]
      }
    },
  ]
}
