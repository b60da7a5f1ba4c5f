/// How windows slide over the spatial axes of `x[N, spatial…, C]`; shared by convolution and pooling.
package struct SlidingWindow: Sendable, Hashable, CustomStringConvertible {
  package var window: [Int]
  package var stride: [Int]
  package var dilation: [Int]
  /// Elements before and after each axis; negative amounts are refused.
  package var low: [Int]
  package var high: [Int]
  /// Whether a last window that begins inside and ends outside counts; only pooling asks for it.
  package var roundsUp = false
  /// The number of bins that each axis is cut into instead, for adaptive pooling: bin `i` of `B` over
  /// `s` elements is `⌊i·s/B⌋ ..< ⌈(i + 1)·s/B⌉`.
  package var bins: [Int]?

  /// The number of spatial axes.
  package var rank: Int { window.count }

  package var description: String {
    if let bins { return "bins: \(bins)" }
    let sizes = "window: \(window), stride: \(stride), dilation: \(dilation)"
    return "\(sizes), low: \(low), high: \(high)" + (roundsUp ? ", rounding up" : "")
  }

  /// Bins over every spatial axis.
  package init(bins: [Int], over extents: [Int]) throws(Violation) {
    let ones = Array(repeating: 1, count: extents.count)
    let zeros = Array(repeating: 0, count: extents.count)
    (window, stride, dilation, low, high) = (ones, ones, ones, zeros, zeros)
    self.bins = try spread(bins, extents.count, "size")
  }

  /// Resolves what a caller wrote: single numbers stand for all axes.
  package init(
    window: [Int], stride: [Int], dilation: [Int], padding: Padding, over extents: [Int]
  ) throws(Violation) {
    let rank = extents.count
    self.window = try spread(window, rank, "window")
    self.stride = try spread(stride, rank, "stride")
    self.dilation = try spread(dilation, rank, "dilation")
    low = Array(repeating: 0, count: rank)
    high = low
    try checkSteps()
    switch padding {
    case .valid: break
    case .same:
      for axis in 0..<rank {
        let step = self.stride[axis]
        let count = (extents[axis] + step - 1) / step
        let total = Swift.max((count - 1) * step + span(axis) - extents[axis], 0)
        low[axis] = total / 2
        high[axis] = total - total / 2
      }
    case .explicit(let pairs):
      low = try spread(pairs.map(\.0), rank, "padding")
      high = try spread(pairs.map(\.1), rank, "padding")
    }
    try checkPadding()
  }

  /// How many elements a window reaches over: `dilation · (window - 1) + 1`.
  package func span(_ axis: Int) -> Int { dilation[axis] * (window[axis] - 1) + 1 }

  /// Makes these the windows over an operand that has been padded.
  mutating func removePadding() {
    low = low.map { _ in 0 }
    high = low
  }

  private func checkSteps() throws(Violation) {
    for axis in 0..<rank {
      try require(
        window[axis] > 0, "window \(window[axis]) of spatial axis \(axis) is not positive")
      try require(
        stride[axis] > 0, "stride \(stride[axis]) of spatial axis \(axis) is not positive")
      try require(
        dilation[axis] > 0, "dilation \(dilation[axis]) of spatial axis \(axis) is not positive")
      let steps = [window[axis], stride[axis], dilation[axis]]
      try require(steps.allSatisfy { $0 < 1 << 31 }, "a step of spatial axis \(axis) is too large")
    }
  }

  private func checkPadding() throws(Violation) {
    for axis in 0..<rank {
      let amounts = (low[axis], high[axis])
      try require(
        amounts.0 >= 0 && amounts.1 >= 0, "padding \(amounts) of spatial axis \(axis) is negative")
      try require(
        Swift.max(amounts.0, amounts.1) < 1 << 31,
        "padding \(amounts) of spatial axis \(axis) is too large")
    }
  }

  /// The extents of the result: `⌊(extent + low + high − dilation·(window − 1) − 1) / stride⌋ + 1`.
  package func resultExtents(_ extents: [Int]) throws(Violation) -> [Int] {
    try require(
      extents.count == rank, "has \(rank) spatial axes, the operand has \(extents.count)")
    if let bins {
      for (axis, count) in bins.enumerated() {
        try require(count > 0, "size \(count) of spatial axis \(axis) is not positive")
        try require(extents[axis] > 0, "spatial axis \(axis) is empty")
      }
      return bins
    }
    try checkSteps()
    try checkPadding()
    var result: [Int] = []
    for axis in 0..<rank {
      let padded = extents[axis] + low[axis] + high[axis]
      try require(
        span(axis) <= padded,
        "window of \(span(axis)) does not fit spatial axis \(axis) with \(padded) padded elements")
      let (steps, rest) = (padded - span(axis)).quotientAndRemainder(dividingBy: stride[axis])
      // The window more must begin on an element or in the padding before them.
      let isMore =
        roundsUp && rest > 0 && (steps + 1) * stride[axis] < extents[axis] + low[axis]
      result.append(steps + (isMore ? 2 : 1))
    }
    return result
  }
}

/// Returns one number per axis: those given, or the only one given for all.
func spread(_ numbers: [Int], _ rank: Int, _ name: String) throws(Violation) -> [Int] {
  if numbers.count == 1 { return Array(repeating: numbers[0], count: rank) }
  try require(
    numbers.count == rank,
    "\(name) \(numbers) has \(numbers.count) numbers for \(rank) spatial axes")
  return numbers
}
