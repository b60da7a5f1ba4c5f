import ApusCore

/// What queries may see of keys.
///
/// In `bool` masks `true` means *visible*, as in `scaledDotProductAttention`. (PyTorch's modules use
/// `true` for hidden; pass `.!mask`.)
public struct AttentionMask: Sendable {
  /// `[T, S]` or `[N, heads, T, S]`, axes may be 1: `bool`, or floating and added to the scores.
  public let scores: Tensor?
  /// `[N, S]`, `bool`: which keys are there, and which are padding.
  public let keys: Tensor?
  /// Whether a query sees no later keys.
  public let isCausal: Bool

  public init(_ scores: Tensor? = nil, keys: Tensor? = nil, isCausal: Bool = false) {
    self.scores = scores
    self.keys = keys
    self.isCausal = isCausal
  }

  /// Every query sees every key.
  public static let none = AttentionMask()
  /// Query `i` sees keys `0...i`.
  public static let causal = AttentionMask(isCausal: true)
  /// Keys that are there, `[N, S]`, `bool`.
  public static func keys(_ keys: Tensor) -> AttentionMask { AttentionMask(keys: keys) }

  /// The tensors, for checks of inputs.
  var inputs: [(name: String, tensor: Tensor?)] { [("mask", scores), ("key mask", keys)] }

  /// Checks the key mask; the operation checks the other.
  func check(batch: Int, keys count: Int) throws(Violation) {
    guard let keys else { return }
    try require(
      keys.type == TensorType(.bool, [batch, count]),
      "the key mask must be \(TensorType(.bool, [batch, count])), not \(keys.type)")
    guard let scores else { return }
    try require(
      scores.rank == 2 || scores.rank == 4,
      "the mask must have rank 2 or 4, not \(scores.rank)")
    try require(
      scores.shape[-1] == count || scores.shape[-1] == 1,
      "the mask is for \(scores.shape[-1]) keys, not \(count)")
    try require(
      scores.rank == 2 || scores.shape[0] == batch || scores.shape[0] == 1,
      "the mask is for a batch of \(scores.shape[0]), not \(batch)")
    try require(
      scores.dtype == .bool || scores.dtype.isFloating,
      "the mask must be bool or floating, not \(scores.dtype)")
  }

  /// Both masks as one for the operation.
  var combined: Tensor? {
    guard let keys else { return scores }
    let columns = keys.expanded(at: 1).expanded(at: 1)
    guard let scores else { return columns }
    let all =
      scores.rank == 2 ? scores.reshaped(to: Shape([1, 1] + scores.shape.dims)) : scores
    if scores.dtype == .bool { return all .& columns }
    return all.where(columns, else: Tensor(-.infinity, dtype: all.dtype))
  }
}
