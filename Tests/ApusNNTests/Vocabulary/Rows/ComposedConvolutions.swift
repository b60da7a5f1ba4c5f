import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let composedConvolutions: [VocabularyRow] = [
    VocabularyRow(
      .layer, "SeparableConv2D",
      proofs: [
        .goldens("composedLayers", op: "SeparableConv2D") { golden in
          let layer = SeparableConv2D(
            golden.int("filters"), kernel: golden.int("kernel"),
            multiplier: golden.int("multiplier"), stride: golden.int("stride"),
            padding: golden.windowPadding, layout: golden.layout)
          try checkLayer(
            golden, layer, variables: ["depthwise.weight", "pointwise.weight", "pointwise.bias"])
        }
      ]
    ) { bad in
      bad.abuse { size in
        [
          ("filters", SeparableConv2D(size, kernel: 2)),
          ("kernel", SeparableConv2D(2, kernel: size)),
          ("kernels", SeparableConv2D(2, kernel: [size, 2, 1])),
          ("multiplier", SeparableConv2D(2, kernel: 2, multiplier: size)),
          ("stride", SeparableConv2D(2, kernel: 2, stride: size)),
          ("dilation", SeparableConv2D(2, kernel: 2, dilation: size)),
          ("padding", SeparableConv2D(2, kernel: 2, padding: .symmetric(size))),
          ("first", SeparableConv2D(2, kernel: 2, stride: size, layout: .channelsFirst)),
        ]
      }
    },
    VocabularyRow(
      .layer, "SpatiallySeparableConv2D",
      proofs: [
        .goldens("composedLayers", op: "SpatiallySeparableConv2D") { golden in
          let layer = SpatiallySeparableConv2D(
            golden.int("filters"), kernel: golden.int("kernel"), middle: golden.int("middle"),
            stride: golden.int("stride"), padding: golden.windowPadding, layout: golden.layout)
          try checkLayer(
            golden, layer, variables: ["vertical.weight", "horizontal.weight", "horizontal.bias"])
        }
      ]
    ) { bad in
      bad.abuse { size in
        [
          ("filters", SpatiallySeparableConv2D(size, kernel: 2)),
          ("kernel", SpatiallySeparableConv2D(2, kernel: size)),
          ("middle", SpatiallySeparableConv2D(2, kernel: 2, middle: size)),
          ("stride", SpatiallySeparableConv2D(2, kernel: 2, stride: size)),
          ("padding", SpatiallySeparableConv2D(2, kernel: 2, padding: .explicit([(size, 0)]))),
          ("paddings", SpatiallySeparableConv2D(2, kernel: 2, padding: .explicit([]))),
          ("first", SpatiallySeparableConv2D(2, kernel: size, layout: .channelsFirst)),
        ]
      }
    },
    VocabularyRow(
      .layer, "FlattenedConv2D",
      proofs: [
        .goldens("composedLayers", op: "FlattenedConv2D") { golden in
          let layer = FlattenedConv2D(
            golden.int("filters"), kernel: golden.int("kernel"), stride: golden.int("stride"),
            padding: golden.windowPadding, layout: golden.layout)
          try checkLayer(
            golden, layer,
            variables: [
              "lateral.weight", "vertical.weight", "horizontal.weight", "horizontal.bias",
            ])
        }
      ]
    ) { bad in
      bad.abuse { size in
        [
          ("filters", FlattenedConv2D(size, kernel: 2)),
          ("kernel", FlattenedConv2D(2, kernel: size)),
          ("stride", FlattenedConv2D(2, kernel: 2, stride: size)),
          ("padding", FlattenedConv2D(2, kernel: 2, padding: .symmetric(size))),
          ("first", FlattenedConv2D(2, kernel: size, layout: .channelsFirst)),
        ]
      }
    },
  ]

  static let windowRows: [VocabularyRow] = [
    VocabularyRow(
      .layer, "ChannelShuffle",
      proofs: [
        .goldens("composedLayers", op: "ChannelShuffle") {
          try checkLayer($0, ChannelShuffle(groups: $0.int("groups"), layout: $0.layout))
        }
      ]
    ) { bad in
      bad.abuse(inputs: BadInput.operands) { size in
        [
          ("groups", ChannelShuffle(groups: size)),
          ("first", ChannelShuffle(groups: size, layout: .channelsFirst)),
        ]
      }
    },
    VocabularyRow(
      .layer, "Unfold",
      proofs: [
        .goldens("composedLayers", op: "Unfold") { golden in
          let layer = Unfold(
            window: golden.ints("window"), stride: golden.ints("stride"),
            padding: golden.windowPadding, dilation: golden.ints("dilation"),
            layout: golden.layout)
          try checkLayer(golden, layer)
        }
      ]
    ) { bad in
      bad.abuse { size in
        [
          ("window", Unfold(window: [size])), ("windows", Unfold(window: [size, 1, 1, 1])),
          ("stride", Unfold(window: [2], stride: [size])),
          ("dilation", Unfold(window: [2], dilation: [size])),
          ("padding", Unfold(window: [2], padding: .symmetric(size))),
          ("first", Unfold(window: [size], layout: .channelsFirst)),
        ]
      }
    },
    VocabularyRow(
      .layer, "Fold",
      proofs: [
        .goldens("composedLayers", op: "Fold") { golden in
          let layer = Fold(
            size: golden.ints("size"), window: golden.ints("window"),
            stride: golden.ints("stride"), padding: golden.windowPadding,
            dilation: golden.ints("dilation"), layout: golden.layout)
          try checkLayer(golden, layer)
        }
      ]
    ) { bad in
      let rows = BadInput.Operand("rows", BadInput.filled([1, 9, 8]))
      bad.abuse(inputs: BadInput.Operand.spatial + [rows]) { size in
        [
          ("size", Fold(size: [size, 4], window: [2])), ("sizes", Fold(size: [], window: [2])),
          ("1-D", Fold(size: [size], window: [size])),
          ("window", Fold(size: [4, 4], window: [size, 2])),
          ("stride", Fold(size: [4, 4], window: [2], stride: [size])),
          ("dilation", Fold(size: [4, 4], window: [2], dilation: [size])),
          ("padding", Fold(size: [4, 4], window: [2], padding: .symmetric(size))),
          ("first", Fold(size: [size, size], window: [2], layout: .channelsFirst)),
        ]
      }
    },
  ]

  static let paddings: [VocabularyRow] = [
    paddingRow("ZeroPad") { ZeroPad($0, layout: $1) },
    paddingRow("CircularPad") { CircularPad($0, layout: $1) },
    paddingRow("ReflectPad") { ReflectPad($0, layout: $1) },
    paddingRow("ReplicatePad") { ReplicatePad($0, layout: $1) },
    paddingRow("Crop") { Crop($0, layout: $1) },
  ]

  private static func paddingRow(
    _ name: String,
    _ make: @escaping @Sendable ([(low: Int, high: Int)], ImageLayout) -> any Layer
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("paddingLayers", op: name) { golden in
          let amounts = golden.pairs("amounts").map { (low: $0[0], high: $0[1]) }
          try checkLayer(golden, make(amounts, golden.layout))
        }
      ]
    ) { bad in
      for axes in 1...3 {
        bad.abuse(axes: axes) { size in
          [
            ("low", make([(size, 1)], .channelsLast)), ("none", make([], .channelsLast)),
            ("both", make([(size, size)], .channelsFirst)),
            ("two", make([(size, 0), (1, size)], .channelsLast)),
          ]
        }
      }
    }
  }
}
