import Apus

/// Depthwise and transposed convolutions among what networks have around them.
enum ConvolutionWorkload {
  static let names = ["depthwise", "transposed"]
  static let (batch, classes) = (32, 10)

  /// The network, with the weights that the peer has.
  static func model(_ name: String) throws -> any Layer {
    let model = name == "depthwise" ? inverted() : generator()
    try model.build(TensorType(.float32, [batch] + input(name)), seed: 1)
    for (index, entry) in model.parameters.enumerated() {
      guard let type = entry.parameter.type else { continue }
      let scale = type.rank > 1 ? 0.05 : 0
      try entry.parameter.assign(pattern(type.dims, seed: index) * scale)
    }
    return model
  }

  static func batches(_ name: String) throws -> CyclingBatches {
    // Drawn in PyTorch's order of axes, then turned.
    let dims = input(name)
    let x =
      name == "depthwise"
      ? pattern([batch, dims[2], dims[0], dims[1]], seed: 7).transposed(permutation: [0, 2, 3, 1])
      : pattern([batch] + dims, seed: 7)
    let y = Tensor((0..<batch).map { Int32($0 * 7 % classes) })
    let loader = try DataLoader(TensorDataset(inputs: x, targets: y), batchSize: batch)
    return try CyclingBatches(loader, distinct: 1, steps: 1)
  }

  private static func input(_ name: String) -> [Int] {
    name == "depthwise" ? [28, 28, 16] : [100]
  }

  /// A block of MobileNet V2 and a classifier.
  private static func inverted() -> Sequential {
    Sequential {
      Conv2D(128, kernel: 1, activation: .relu)
      DepthwiseConv2D(kernel: 3, padding: .symmetric(1), activation: .relu)
      Conv2D(16, kernel: 1)
      GlobalAvgPool2D()
      Dense(classes)
    }
  }

  /// A layer of DCGAN's generator between two dense ones.
  private static func generator() -> Sequential {
    Sequential {
      Dense(256 * 8 * 8, activation: .relu)
      Reshape(256, 8, 8)
      ConvTranspose2D(
        128, kernel: 4, stride: 2, padding: .symmetric(1), activation: .relu,
        layout: .channelsFirst)
      GlobalAvgPool2D(layout: .channelsFirst)
      Dense(classes)
    }
  }

  /// Numbers in -1...1 that any language makes alike.
  private static func pattern(_ dims: [Int], seed: Int) -> Tensor {
    let shape = Shape(dims)
    let values = (0..<shape.count).map { Float(($0 * 37 + seed * 11) % 101 - 50) / 50 }
    return Tensor(values, shape: shape)
  }
}
