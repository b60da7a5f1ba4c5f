import ApusCore

/// The sum of embeddings of words, positions and segments, normalized.
///
/// - Shape: `tokens[N, T], segments[N, T]? → y[N, T, width]`, integers.
/// - Parameters held: `word_embeddings.weight [vocabulary, width]`,
///   `position_embeddings.weight [positions, width]`, `token_type_embeddings.weight [segments, width]`
///   (normal, σ = 0.02), `LayerNorm.weight [width]`, `LayerNorm.bias [width]`; with `keepsPositions`
///   the buffer `position_ids [1, positions]`, which older files hold.
/// - Source: Devlin et al. 2019, section 3.
public final class BERTEmbeddings: Module, RenamingParts, CustomStringConvertible {
  public let positions: Int
  let words: Embedding
  let places: Embedding
  let segments: Embedding
  let norm: LayerNorm
  let dropout: Dropout
  let ids: Buffer?

  public var partNames: [String: String] {
    [
      "words": "word_embeddings", "places": "position_embeddings",
      "segments": "token_type_embeddings", "norm": "LayerNorm",
    ]
  }

  public init(
    vocabulary: Int, width: Int, positions: Int = 512, segments: Int = 2,
    dropoutRate: Double = 0.1, epsilon: Double = 1e-12, keepsPositions: Bool = false,
    dtype: DType = .float32
  ) {
    func table(_ count: Int) -> Embedding {
      Embedding(count, width: width, weight: .normal(deviation: 0.02), dtype: dtype)
    }
    self.positions = positions
    words = table(vocabulary)
    places = table(positions)
    self.segments = table(segments)
    norm = LayerNorm(epsilon: epsilon)
    dropout = Dropout(dropoutRate)
    ids = keepsPositions ? Buffer(name: "position_ids", dtype: .int64) : nil
  }

  /// Looks up tokens, all of the first segment unless segments are given.
  public func callAsFunction(
    _ tokens: Tensor, segments kinds: Tensor? = nil, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    call(
      [("tokens", tokens), ("segments", kinds)], context, file: file, line: line
    ) { () throws(Violation) in
      try build(tokens.type, kinds?.type)
    } forward: { _ in
      let at = CallSite.ofLayer
      let length = tokens.shape[1]
      let numbers = Tensor.iota([1, length], axis: 1, dtype: .int64)
      let order = ids?.value.sliced(axis: 1, 0..<length) ?? numbers
      let kinds = kinds ?? Tensor.zeros([1, length], dtype: .int32)
      let parts = [(words, tokens), (segments, kinds), (places, order)].map { table, numbers in
        table(numbers, file: at.file, line: at.line)
      }
      let sum = parts[0] + parts[1] + parts[2]
      return dropout(norm(sum, file: at.file, line: at.line))
    }
  }

  private func build(_ tokens: TensorType, _ kinds: TensorType?) throws(Violation) {
    for (layer, name) in [(words, "words"), (places, "positions"), (segments, "segments")] {
      try requireCount(layer.count, name)
      try requireCount(layer.width, "elements of width")
    }
    try requireRate(dropout.rate)
    try require(
      tokens.rank == 2 && tokens.dtype.isInteger,
      "tokens must be integers [batch, time], not \(tokens)")
    try require(
      tokens[1] <= positions, "\(tokens[1]) tokens are more than \(positions) positions")
    if let kinds {
      try require(
        kinds.dtype.isInteger && kinds.shape == tokens.shape,
        "segments must be integers \(tokens.shape), not \(kinds)")
    }
    guard let ids, ids.type == nil else { return }
    try ids.allocate(.int64, [1, positions])
    do { try ids.assign(Tensor.iota([1, positions], axis: 1, dtype: .int64)) } catch {
      throw Violation(error.reason)
    }
  }

  public var description: String { "BERTEmbeddings(\(words.count) → \(words.width))" }
}
