import Apus

/// Numbers in -1..<1 that both sides draw alike.
func givenNumbers(_ shape: Shape, seed: Int) -> Tensor {
  var state = UInt64(seed)
  let values = (0..<shape.count).map { _ in
    state = (state &* 1_103_515_245 &+ 12345) & 0x7fff_ffff
    return Float(state >> 15) / 32768 - 1
  }
  return Tensor(values, shape: shape)
}

extension Layer {
  /// Builds the layer for an input and gives parameter number n the numbers of seed n + 1, scaled.
  func givenWeights(for input: Shape, scale: Double) throws -> Self {
    try build(TensorType(.float32, input), seed: 1)
    for (index, entry) in parameters.enumerated() {
      guard let type = entry.parameter.type else { continue }
      try entry.parameter.assign(givenNumbers(type.shape, seed: index + 1) * scale)
    }
    return self
  }
}

/// One batch of given inputs, sample i of class 7 i mod `classes`.
func givenBatches(_ x: Tensor, classes: Int, size: Int) throws -> CyclingBatches {
  let y = Tensor((0..<x.shape[0]).map { Int32($0 * 7 % classes) })
  let loader = try DataLoader(TensorDataset(inputs: x, targets: y), batchSize: size)
  return try CyclingBatches(loader, distinct: x.shape[0] / size, steps: 1)
}
