import Apus

/// A number that all sides draw alike: the hash of a place and a seed, in 0..<2³².
@inline(__always)
private func hashed(_ place: Int, _ seed: Int) -> UInt32 {
  var h = UInt32(truncatingIfNeeded: place) &+ UInt32(truncatingIfNeeded: seed) &* 0x9e37_79b9
  h = (h ^ (h >> 16)) &* 0x7feb_352d
  h = (h ^ (h >> 15)) &* 0x846c_a68b
  return h ^ (h >> 16)
}

/// Numbers in -1..<1, times a scale, that all sides draw alike.
func givenNumbers(_ shape: Shape, seed: Int, scale: Float = 1, around middle: Float = 0) -> Tensor {
  let values = (0..<shape.count).map { place in
    (Float(hashed(place, seed) >> 8) / 8_388_608 - 1) * scale + middle
  }
  return Tensor(values, shape: shape)
}

/// Whole numbers in 0..<count that all sides draw alike.
func givenIntegers(_ shape: Shape, below count: Int, seed: Int) -> Tensor {
  let values = (0..<shape.count).map { Int32(hashed($0, seed) % UInt32(count)) }
  return Tensor(values, shape: shape)
}

extension Layer {
  /// Builds the layer for an input and gives parameter number n the numbers of seed n + 1.
  ///
  /// Those of a weight of two axes or more lie in ±√(6 / (fan in + fan out)); those of a norm's weight
  /// in 1 ± 1/8; all others in ±1/8.
  func givenWeights(for input: TensorType) throws -> Self {
    try build(input, seed: 1)
    for (index, entry) in parameters.enumerated() {
      guard let shape = entry.parameter.type?.shape else { continue }
      let isNorm = shape.rank == 1 && entry.path.hasSuffix("weight")
      let scale = shape.rank < 2 ? 1 / 8 : givenScale(of: shape)
      try entry.parameter.assign(
        givenNumbers(shape, seed: index + 1, scale: scale, around: isNorm ? 1 : 0))
    }
    return self
  }

  func givenWeights(for input: Shape) throws -> Self {
    try givenWeights(for: TensorType(.float32, input))
  }
}

private func givenScale(of shape: Shape) -> Float {
  let window = shape.dims.dropFirst(2).reduce(1, *)
  return (6 / Float((shape[0] + shape[1]) * window)).squareRoot()
}

/// Batches of given inputs, sample i of class 7 i mod `classes`.
func givenBatches(_ x: Tensor, classes: Int, size: Int) throws -> CyclingBatches {
  try givenBatches(x, Tensor((0..<x.shape[0]).map { Int32($0 * 7 % classes) }), size: size)
}

/// Batches of given inputs and targets.
func givenBatches(_ x: Tensor, _ y: Tensor, size: Int) throws -> CyclingBatches {
  let loader = try DataLoader(TensorDataset(inputs: x, targets: y), batchSize: size)
  return try CyclingBatches(loader, distinct: x.shape[0] / size)
}
