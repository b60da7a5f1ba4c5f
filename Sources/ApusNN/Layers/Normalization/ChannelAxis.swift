import ApusCore

extension ImageLayout {
  /// The axis of channels in inputs `[N, S…, C]` or `[N, C, S…]` of any rank from 2.
  func channelAxis(rank: Int) -> Int { self == .channelsLast ? rank - 1 : 1 }

  /// Applies a function that takes and gives `[N, S…, C]` to an input of this layout.
  func withChannelsLast(_ x: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    guard self == .channelsFirst, x.rank > 2 else { return body(x) }
    let last = x.rank - 1
    let y = body(x.transposed(permutation: [0] + Array(2...last) + [1]))
    return y.transposed(permutation: [0, last] + Array(1..<last))
  }

  /// The shape that makes one number per channel broadcast over inputs of this layout.
  func channelColumn(_ count: Int, rank: Int) -> Shape {
    var dims = Array(repeating: 1, count: rank)
    dims[channelAxis(rank: rank)] = count
    return Shape(dims)
  }
}

/// The channels of a floating input of rank 2 or more, which must be as many as held before.
func requireChannels(
  _ x: TensorType, _ layout: ImageLayout, held: TensorType?
) throws(Violation) -> Int {
  try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
  try require(x.rank >= 2, "needs a batch axis and channels, not rank \(x.rank)")
  let channels = x[layout.channelAxis(rank: x.rank)]
  if let held {
    try require(held[0] == channels, "takes \(held[0]) channels, the input has \(channels)")
  }
  return channels
}

/// Refuses a momentum that would lead running statistics astray.
func requireMomentum(_ momentum: Double?) throws(Violation) {
  guard let momentum else { return }
  try require((0...1).contains(momentum), "momentum \(momentum) is not in 0...1")
}
