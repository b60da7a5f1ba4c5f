import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let convolution: [VocabularyRow] =
    convolutions + depthwise + transposedConvolutions + composedConvolutions + windowRows
    + paddings

  private static let convolutions: [VocabularyRow] = [
    row("Conv1D", 1) { Conv1D($0) }, row("Conv2D", 2) { Conv2D($0) },
    row("Conv3D", 3) { Conv3D($0) },
  ]

  /// What a convolution is made with, so that all classes share their checks.
  struct Making {
    var filters = 2
    var kernel = [2]
    var stride = [1]
    var padding = Padding.valid
    var mode = PaddingMode.zeros
    var dilation = [1]
    var groups = 1
    var extra = [0]
    var useBias = true
    var layout = ImageLayout.channelsLast

    init() {}

    init(_ golden: GoldenCase) {
      filters = golden.int("filters")
      kernel = golden.ints("kernel")
      stride = golden.ints("stride")
      padding = golden.windowPadding
      mode = PaddingMode(rawValue: golden.word("paddingMode")) ?? .zeros
      dilation = golden.ints("dilation")
      groups = golden.int("groups")
      extra = golden.ints("outputPadding")
      useBias = golden.truth("bias")
      layout = golden.layout
    }

    func with<Value>(_ path: WritableKeyPath<Making, Value>, _ value: Value) -> Making {
      var copy = self
      copy[keyPath: path] = value
      return copy
    }
  }

  private static func row<L: ConvolutionLayer>(
    _ name: String, _ axes: Int, _ make: @escaping @Sendable (Making) -> L
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("convolutionLayers", op: name) { golden in
          let layer = make(Making(golden))
          try checkLayer(golden, layer, variables: golden.parameters(["weight", "bias"]))
        }
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in variants(size).map { ("\(name) \($0)", make($1)) } }
    }
  }

  private static func variants(_ size: Int) -> [(String, Making)] {
    let plain = Making()
    let amounts = Padding.explicit([(size, 1)])
    var all: [(String, Making)] = [
      ("filters", plain.with(\.filters, size)), ("kernel", plain.with(\.kernel, [size])),
      ("kernels", plain.with(\.kernel, [size, 1, 2, size])),
      ("stride", plain.with(\.stride, [size])), ("strides", plain.with(\.stride, [])),
      ("dilation", plain.with(\.dilation, [size])), ("groups", plain.with(\.groups, size)),
      ("padding", plain.with(\.padding, amounts)),
      ("paddings", plain.with(\.padding, .explicit([]))),
      ("same", plain.with(\.padding, .same).with(\.stride, [size])),
      ("first", plain.with(\.layout, .channelsFirst).with(\.kernel, [size])),
      ("extra", plain.with(\.extra, [size]).with(\.stride, [3])),
    ]
    for mode in PaddingMode.allCases {
      all.append(("\(mode)", plain.with(\.padding, amounts).with(\.mode, mode)))
    }
    return all
  }

  private static let depthwise: [VocabularyRow] = [
    row("DepthwiseConv1D", 1) { DepthwiseConv1D($0) },
    row("DepthwiseConv2D", 2) { DepthwiseConv2D($0) },
  ]

  private static let transposedConvolutions: [VocabularyRow] = [
    transposedRow("ConvTranspose1D", 1) { ConvTranspose1D($0) },
    transposedRow("ConvTranspose2D", 2) { ConvTranspose2D($0) },
    transposedRow("ConvTranspose3D", 3) { ConvTranspose3D($0) },
  ]

  private static func transposedRow<L: TransposedConvolutionLayer>(
    _ name: String, _ axes: Int, _ make: @escaping @Sendable (Making) -> L
  ) -> VocabularyRow {
    VocabularyRow(
      .layer, name,
      proofs: [
        .goldens("transposedLayers", op: name) { golden in
          let layer = make(Making(golden))
          try checkLayer(golden, layer, variables: golden.parameters(["weight", "bias"]))
        }
      ]
    ) { bad in
      bad.abuse(axes: axes) { size in variants(size).map { ("\(name) \($0)", make($1)) } }
    }
  }
}

extension ConvolutionLayer {
  init(_ making: VocabularyRow.Making) {
    self.init(
      making.filters, kernel: making.kernel, stride: making.stride, padding: making.padding,
      paddingMode: making.mode, dilation: making.dilation, groups: making.groups,
      useBias: making.useBias, layout: making.layout)
  }
}

extension DepthwiseConvolutionLayer {
  init(_ making: VocabularyRow.Making) {
    self.init(
      kernel: making.kernel, multiplier: making.filters, stride: making.stride,
      padding: making.padding, paddingMode: making.mode, dilation: making.dilation,
      useBias: making.useBias, layout: making.layout)
  }
}

extension TransposedConvolutionLayer {
  init(_ making: VocabularyRow.Making) {
    self.init(
      making.filters, kernel: making.kernel, stride: making.stride, padding: making.padding,
      outputPadding: making.extra, dilation: making.dilation, groups: making.groups,
      useBias: making.useBias, layout: making.layout)
  }
}
