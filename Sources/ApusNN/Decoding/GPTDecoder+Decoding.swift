import ApusCore

extension GPTDecoder {
  /// A decoder that continues texts token by token, keeping keys and values of earlier tokens.
  ///
  /// ```swift
  /// let texts = try gpt.decoding(samples: 1, capacity: 64).sampled(
  ///   from: [prompt], maxNewTokens: 32, endTokens: [end],
  ///   filters: [.temperature(0.8), .topK(40), .topP(0.95)], key: RandomKey(seed: 1))
  /// ```
  /// - Parameters:
  ///   - samples: How many prompts there will be.
  ///   - capacity: Room for so many tokens, prompt included; one more is an error of the run.
  public func decoding(
    samples: Int, capacity: Int, file: String = #fileID, line: Int = #line
  ) -> SequenceDecoder {
    let dtype = words.weight.variable.fixedDType ?? .float32
    let start = caches(
      batch: samples, capacity: capacity, dtype: dtype, file: file, line: line)
    let axes: [Int?] = start.flatMap { _ in [0, 0, nil] }
    return SequenceDecoder(state: start.flatMap(\.tensors), batchAxes: axes) {
      [self] tokens, state in
      var caches = start.indices.map {
        KeyValueCache(
          keys: state[3 * $0], values: state[3 * $0 + 1], length: state[3 * $0 + 2])
      }
      let logits = step(tokens.expanded(at: 1), caches: &caches, file: file, line: line)
      return (logits: logits.squeezed(axes: [1]), state: caches.flatMap(\.tensors))
    }
  }
}
