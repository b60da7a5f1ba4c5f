import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let pooling: [VocabularyRow] =
    windowPoolings + globalPoolings + adaptivePoolings + unpoolings + samplings

  private static let windowPoolings: [VocabularyRow] = [
    maxRow("MaxPool1D", 1, MaxPool1D.self), maxRow("MaxPool2D", 2, MaxPool2D.self),
    maxRow("MaxPool3D", 3, MaxPool3D.self), averageRow("AvgPool1D", 1, AvgPool1D.self),
    averageRow("AvgPool2D", 2, AvgPool2D.self), averageRow("AvgPool3D", 3, AvgPool3D.self),
    lpRow("LpPool1D", 1, LpPool1D.self), lpRow("LpPool2D", 2, LpPool2D.self),
    lpRow("LpPool3D", 3, LpPool3D.self), stochastic,
  ]

  private static func maxRow<L: MaxPoolingLayer>(
    _ name: String, _ axes: Int, _ type: L.Type
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("poolingLayers", op: name) { golden in
          let layer = L(
            window: golden.ints("window"), stride: golden.ints("stride"),
            padding: golden.windowPadding, dilation: golden.ints("dilation"),
            ceilMode: golden.truth("ceilMode"), layout: golden.layout)
          try checkLayer(golden, layer)
        },
        .goldens("unpoolingLayers", op: "\(name)Indices") { golden in
          let layer = L(
            window: golden.ints("window"), stride: golden.ints("stride"),
            padding: golden.windowPadding, layout: golden.layout)
          try checkModule(golden, layer) { inputs, context in
            let (values, indices) = layer.withIndices(inputs[0], context)
            return [values, indices]
          }
        },
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in
        [
          ("window", L(window: [size])), ("windows", L(window: [size, 1, 1, size])),
          ("stride", L(2, stride: size)), ("padding", L(3, padding: .symmetric(size))),
          ("dilation", L(2, dilation: size)),
          ("ceil", L(2, stride: size, padding: .symmetric(1), ceilMode: true)),
          ("first", L(size, padding: .same, layout: .channelsFirst)),
        ]
      }
      for x in BadInput.Operand.spatial {
        bad.call("\(name) indices", [x]) {
          let (values, indices) = L(2).withIndices($0[0])
          return [values, indices]
        }
      }
    }
  }

  private static func averageRow<L: AveragePoolingLayer>(
    _ name: String, _ axes: Int, _ type: L.Type
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("poolingLayers", op: name) { golden in
          let layer = L(
            window: golden.ints("window"), stride: golden.ints("stride"),
            padding: golden.windowPadding, ceilMode: golden.truth("ceilMode"),
            countsPadding: golden.truth("countsPadding"), layout: golden.layout)
          try checkLayer(golden, layer)
        }
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in
        [
          ("window", L(window: [size])), ("windows", L(window: [size, 1, 1, size])),
          ("stride", L(2, stride: size)), ("padding", L(3, padding: .symmetric(size))),
          ("ceil", L(2, stride: size, padding: .symmetric(1), ceilMode: true)),
          ("first", L(size, padding: .same, countsPadding: true, layout: .channelsFirst)),
        ]
      }
    }
  }

  private static func lpRow<L: LpPoolingLayer>(
    _ name: String, _ axes: Int, _ type: L.Type
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("poolingLayers", op: name) { golden in
          let layer = L(
            golden.double("p"), window: golden.ints("window"), stride: golden.ints("stride"),
            ceilMode: golden.truth("ceilMode"), layout: golden.layout)
          try checkLayer(golden, layer)
        }
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in
        [
          ("window", L(2, window: [size])), ("windows", L(2, window: [size, 1, 1, size])),
          ("stride", L(2, window: 2, stride: size)), ("p", L(Double(size), window: 2)),
          ("first", L(2, window: size, layout: .channelsFirst)),
        ]
      }
      for number in BadInput.numbers {
        for x in [BadInput.Operand.good(axes: axes), BadInput.failed] {
          bad.call("\(name) \(number)", [x]) { [L(number, window: 2)($0[0])] }
        }
      }
    }
  }

  private static let stochastic = VocabularyRow(
    .layer, "StochasticPool2D",
    proofs: [
      .goldens("poolingLayers", op: "StochasticPool2D") { golden in
        let layer = StochasticPool2D(
          window: golden.ints("window"), stride: golden.ints("stride"),
          padding: golden.windowPadding, layout: golden.layout)
        try checkLayer(golden, layer)
      }
    ]
  ) { bad in
    bad.abuse { size in
      [
        ("window", StochasticPool2D(size)), ("windows", StochasticPool2D(window: [size, 1, 1])),
        ("stride", StochasticPool2D(2, stride: size)),
        ("padding", StochasticPool2D(3, padding: .symmetric(size))),
        ("first", StochasticPool2D(size, padding: .same, layout: .channelsFirst)),
      ]
    }
  }

  private static let globalPoolings: [VocabularyRow] = [
    globalRow("GlobalAvgPool1D", 1) { GlobalAvgPool1D(layout: $0) },
    globalRow("GlobalAvgPool2D", 2) { GlobalAvgPool2D(layout: $0) },
    globalRow("GlobalAvgPool3D", 3) { GlobalAvgPool3D(layout: $0) },
    globalRow("GlobalMaxPool1D", 1) { GlobalMaxPool1D(layout: $0) },
    globalRow("GlobalMaxPool2D", 2) { GlobalMaxPool2D(layout: $0) },
    globalRow("GlobalMaxPool3D", 3) { GlobalMaxPool3D(layout: $0) },
  ]

  private static func globalRow(
    _ name: String, _ axes: Int, _ make: @escaping @Sendable (ImageLayout) -> any Layer
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("poolingLayers", op: name) { try checkLayer($0, make($0.layout)) }
      ]
    ) { bad in
      bad.abuse(axes: axes, sizes: [1]) { _ in
        [("last", make(.channelsLast)), ("first", make(.channelsFirst))]
      }
    }
  }

  private static let adaptivePoolings: [VocabularyRow] = [
    adaptiveRow("AdaptiveAvgPool1D", 1) { AdaptiveAvgPool1D($0, layout: $1) },
    adaptiveRow("AdaptiveAvgPool2D", 2) { AdaptiveAvgPool2D($0, layout: $1) },
    adaptiveRow("AdaptiveAvgPool3D", 3) { AdaptiveAvgPool3D($0, layout: $1) },
    adaptiveRow("AdaptiveMaxPool1D", 1) { AdaptiveMaxPool1D($0, layout: $1) },
    adaptiveRow("AdaptiveMaxPool2D", 2) { AdaptiveMaxPool2D($0, layout: $1) },
    adaptiveRow("AdaptiveMaxPool3D", 3) { AdaptiveMaxPool3D($0, layout: $1) },
  ]

  private static func adaptiveRow(
    _ name: String, _ axes: Int, _ make: @escaping @Sendable ([Int?], ImageLayout) -> any Layer
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("poolingLayers", op: name) { golden in
          try checkLayer(golden, make(golden.ints("size"), golden.layout))
        }
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in
        [
          ("size", make([size], .channelsLast)), ("sizes", make([size, 2], .channelsLast)),
          ("three", make([nil, 1, size], .channelsFirst)), ("none", make([], .channelsLast)),
          ("kept", make([nil], .channelsFirst)),
        ]
      }
    }
  }
}
