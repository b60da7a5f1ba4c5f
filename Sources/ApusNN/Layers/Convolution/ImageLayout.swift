import ApusCore

/// Where the channel axis of images lies; of sequences and volumes likewise.
public enum ImageLayout: String, Sendable, Hashable {
  /// `[N, H, W, C]`.
  case channelsLast
  /// `[N, C, H, W]`.
  case channelsFirst
}

extension ImageLayout {
  func toChannelsLast(_ x: Tensor) -> Tensor {
    guard self == .channelsFirst, x.rank > 2 else { return x }
    return x.transposed(permutation: [0] + Array(2..<x.rank) + [1])
  }

  func fromChannelsLast(_ x: Tensor) -> Tensor {
    guard self == .channelsFirst, x.rank > 2 else { return x }
    return x.transposed(permutation: [0, x.rank - 1] + Array(1..<(x.rank - 1)))
  }

  /// The number of channels of `x`.
  func channels(_ x: TensorType) -> Int { x[self == .channelsLast ? -1 : 1] }
}

/// Refuses what is not a batch of images.
func requireImages(_ x: TensorType) throws(Violation) { try requireSpatial(x, axes: 2) }

/// Refuses what is not a batch of something with that many spatial axes.
func requireSpatial(_ x: TensorType, axes: Int) throws(Violation) {
  let names = [
    "sequences [batch, length, channels]", "images [batch, height, width, channels]",
    "volumes [batch, depth, height, width, channels]",
  ]
  let name = names.indices.contains(axes - 1) ? names[axes - 1] : "\(axes) spatial axes"
  try require(x.rank == axes + 2, "needs \(name), not rank \(x.rank)")
}

/// Refuses what has no 1 to 3 spatial axes between batch and channels.
func requireSpatial(_ x: TensorType) throws(Violation) {
  try require(
    (3...5).contains(x.rank),
    "needs a batch axis, 1 to 3 spatial axes and channels, not rank \(x.rank)"
  )
}

/// One number per spatial axis: those given, or the only one given for all.
func perAxis(_ numbers: [Int], _ axes: Int) -> [Int] {
  numbers.count == 1 ? Array(repeating: numbers[0], count: axes) : numbers
}

/// Sizes as layers print them: `3×3`.
func printed(_ sizes: [Int]) -> String { sizes.map(String.init).joined(separator: "×") }
