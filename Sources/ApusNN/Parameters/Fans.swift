import ApusCore

/// How many values an output of a weight sums over, and how many outputs an input feeds: what
/// initializers scale by.
public struct Fans: Sendable, Hashable {
  /// The number of values an output sums over.
  public let input: Double
  /// The number of outputs that an input feeds.
  public let output: Double

  /// Creates fans; numbers below 1, and those that are none, count as 1.
  public init(input: Double, output: Double) {
    self.input = input >= 1 ? input : 1
    self.output = output >= 1 ? output : 1
  }

  /// The fans of a weight in the layout of dense layers, convolutions and embeddings.
  ///
  ///     dense        [out, in]                    input = in               output = out
  ///     convolution  [out, in / groups, window…]  input = in/groups·window output = out·window
  ///     embedding    [count, width]               input = width            output = count
  /// A vector `[n]` has `n` for both.
  /// - Source: PyTorch's `_calculate_fan_in_and_fan_out`, which does not divide the output of
  ///   grouped convolutions by the groups either.
  public init(weight: Shape) {
    let window = weight.dims.dropFirst(2).reduce(1.0) { $0 * Double($1) }
    let first = Double(weight.rank > 0 ? weight.dims[0] : 1)
    let second = weight.rank > 1 ? Double(weight.dims[1]) : first
    self.init(input: second * window, output: first * window)
  }

  /// The fans of the weight of a transposed convolution.
  ///
  ///     [in, out / groups, window…]   input = in/groups·window   output = out·window
  /// What ``init(weight:)`` says of the convolution from `in` to `out` channels, not of the one
  /// whose gradient this is: input and output have changed places in the layout.
  public static func transposedConvolution(_ weight: Shape, groups: Int = 1) -> Fans {
    let window = weight.dims.dropFirst(2).reduce(1.0) { $0 * Double($1) }
    let parts = Double(max(groups, 1))
    let first = Double(weight.rank > 0 ? weight.dims[0] : 1)
    let second = weight.rank > 1 ? Double(weight.dims[1]) : 1
    return Fans(input: first / parts * window, output: second * parts * window)
  }

  /// What the variance is divided by.
  func value(_ fan: Initializer.Fan) -> Double {
    switch fan {
    case .input: input
    case .output: output
    case .average: (input + output) / 2
    }
  }
}
