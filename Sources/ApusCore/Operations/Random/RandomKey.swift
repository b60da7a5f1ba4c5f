/// Names a stream of random numbers: the same key gives the same numbers, on every device.
///
/// Keys are values. Numbers are drawn from a key, never taken off it: drawing twice from one key
/// gives the same numbers, so derive a key for each use.
///
/// ```swift
/// let key = RandomKey(seed: 7)
/// let w = Tensor.normal([784, 10], key: key.folding(in: 0))
/// let b = Tensor.normal([10], key: key.folding(in: 1))
/// ```
/// - Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3":
///   Philox4x32-10.
public struct RandomKey: Sendable {
  /// The key as `int64[2]`: seed and stream.
  public let tensor: Tensor

  /// Creates the key of a seed.
  public init(seed: Int) { tensor = Tensor([Int64(seed), 0]) }

  /// Creates a key from `int64[2]`: seed and stream.
  public init(_ tensor: Tensor, file: String = #fileID, line: Int = #line) {
    self.tensor = attempt(
      "RandomKey", [tensor], at: CallSite(file: file, line: line)
    ) { () throws(Violation) in
      try require(
        tensor.type == TensorType(.int64, [2]), "a key is i64[2], not \(tensor.type)")
      return tensor
    }
  }

  /// Returns the key that belongs to a number: of a layer, a step, a sample.
  public func folding(in number: Int) -> RandomKey {
    // A value given from outside, so that all numbers share a plan.
    RandomKey(folded: tensor, Tensor([Int64(number)], shape: []), nil)
  }

  /// Returns the key that belongs to a number known at evaluation, such as the step counter.
  ///
  /// - Shape: one integer.
  public func folding(
    in number: Tensor, file: String = #fileID, line: Int = #line
  ) -> RandomKey {
    RandomKey(folded: tensor, number.converted(to: .int64), CallSite(file: file, line: line))
  }

  /// Returns `count` keys, each with a stream of its own: key `i` is this one folded with `-1 - i`.
  ///
  /// A count below 0 or above 2²⁴ gives one key whose tensor failed.
  public func split(_ count: Int) -> [RandomKey] {
    guard (0...1 << 24).contains(count) else {
      let reason = "\(count) keys are not a number from 0 to \(1 << 24)"
      return [RandomKey(failed: Tensor(error: TensorError(operation: "split", reason: reason)))]
    }
    return (0..<count).map { folding(in: -1 - $0) }
  }

  private init(failed: Tensor) { tensor = failed }

  private init(folded key: Tensor, _ number: Tensor, _ site: CallSite?) {
    tensor = apply(FoldIn(), [key, number], at: site)
  }
}

/// Derives a key from a key and a number.
///
/// With `w = philox((low(n), high(n), 0x66, 0), (low(seed), high(seed)))` the new seed is `w1:w0`
/// and the new stream is `stream xor w3:w2`.
/// - Gradient: none.
package struct FoldIn: Operation {
  package var name: String { "foldIn" }
  package var operandNames: [String] { ["key", "number"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (key, number) = (operands[0], operands[1])
    try requireKey(key)
    try require(
      number.dtype == .int64 && number.count == 1, "the number is one i64, not \(number)")
    return [key]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [nil, nil] }
}

/// Refuses what is not a random key.
func requireKey(_ type: TensorType) throws(Violation) {
  try require(type == TensorType(.int64, [2]), "a key is i64[2], not \(type)")
}
