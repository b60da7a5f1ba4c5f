import ApusCore

/// Sequences of different lengths in one table.
public struct PaddedSequences: Sendable {
  /// The tokens, `int32 [N, T]`.
  public let tokens: Tensor
  /// How many of them each row has, `int32 [N]`.
  public let lengths: Tensor

  /// Which tokens are real, `bool [N, T]`.
  public var mask: Tensor {
    tokens.error != nil ? tokens : paddingMask(lengths: lengths, steps: tokens.shape[1])
  }

  public init(tokens: Tensor, lengths: Tensor) {
    self.tokens = tokens
    self.lengths = lengths
  }
}

/// Lays sequences in a table, filled up behind their ends.
///
/// A token that `int32` does not hold gives failed tensors.
/// - Shape: `tokens[sequences.count, steps], lengths[sequences.count]`, `int32`.
/// - Parameters:
///   - padding: Fills up.
///   - steps: The width of the table; the longest sequence's length unless given. Longer sequences
///     lose their ends.
public func paddedSequences(
  _ sequences: [[Int]], padding: Int = 0, steps: Int? = nil, file: String = #fileID,
  line: Int = #line
) -> PaddedSequences {
  func failure(_ reason: String) -> PaddedSequences {
    let failed = Tensor(
      error: TensorError(
        operation: "paddedSequences", reason: reason, layerPath: LayerScope.current?.path,
        site: CallSite(file: file, line: line)))
    return PaddedSequences(tokens: failed, lengths: failed)
  }
  let steps = steps ?? sequences.map(\.count).max() ?? 0
  let type = TensorType(.int32, [sequences.count, steps])
  if steps < 0 { return failure("\(steps) steps are a negative number") }
  if type.count > 1 << 28 { return failure("a table of \(type) holds more than 2^28 tokens") }
  guard let filler = Int32(exactly: padding) else {
    return failure("padding \(padding) does not fit i32")
  }
  var table: [Int32] = []
  table.reserveCapacity(type.count)
  var lengths: [Int32] = []
  for (row, sequence) in sequences.enumerated() {
    let kept = sequence.prefix(steps)
    for token in kept {
      guard let token = Int32(exactly: token) else {
        return failure("token \(token) of sequence \(row) does not fit i32")
      }
      table.append(token)
    }
    lengths.append(Int32(clamping: kept.count))
    table += repeatElement(filler, count: steps - kept.count)
  }
  return PaddedSequences(tokens: Tensor(table, shape: type.shape), lengths: Tensor(lengths))
}
