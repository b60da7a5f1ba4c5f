import Apus
import Testing

/// The examples of the articles on attention and on decoding.
@Suite("article: attention and decoding") struct AttentionArticle {
  @Test("masks, and a decoder with caches")
  func attention() throws {
    let x = Tensor.normal([2, 5, 64], key: RandomKey(seed: 1))
    let memory = Tensor.normal([2, 3, 64], key: RandomKey(seed: 2))
    let isWord = Tensor([true, true, false, true, true, true], shape: [2, 3])
    let attention = MultiHeadAttention(width: 64, heads: 4)
    let y = attention(x)  // every token sees every token
    let z = attention(x, mask: .causal)  // the earlier ones
    let c = attention(x, key: memory, mask: .keys(isWord))  // cross-attention without padding
    try eval(y, z, c)
    for result in [y, z, c] { #expect(result.shape == [2, 5, 64]) }

    let prompt = Tensor([1, 2, 3] as [Int32], shape: [1, 3])
    let gpt = GPTDecoder(
      TransformerOptions(width: 32, heads: 4, hidden: 128, activation: .geluTanh),
      vocabulary: 100, positions: 64, layers: 2)
    var caches = gpt.caches(batch: 1, capacity: 64)
    var logits = gpt.step(prompt, caches: &caches)  // [1, T, 100]
    for _ in 0..<10 {
      let next = logits.sliced(axis: 1, from: -1).argmax(axis: -1)
      logits = gpt.step(next, caches: &caches)
    }
    try eval(logits)
    #expect(logits.shape == [1, 1, 100])
  }

  @Test("every kind of model writes, every filter filters")
  func decoding() throws {
    let languageModel = RecurrentDecoder(
      vocabulary: 20, width: 8, recurrent: GRU(16, returnsSequences: true))
    let gpt = GPTDecoder(
      TransformerOptions(width: 16, heads: 2, hidden: 32), vocabulary: 20, positions: 64, layers: 1)
    let translator = Seq2Seq(
      encoder: RecurrentEncoder(
        vocabulary: 20, width: 8, recurrent: GRU(16, returnsSequences: true)),
      decoder: RecurrentDecoder(
        vocabulary: 20, width: 8, recurrent: GRU(16, returnsSequences: true),
        attention: DotAttention(), placement: .afterStep))
    let source = paddedSequences([[1, 2, 3], [4]])
    let text = languageModel.decoding(samples: 2)  // RecurrentDecoder
    let cached = gpt.decoding(samples: 2, capacity: 64)  // GPTDecoder, with cached keys and values
    let translated = translator.decoding(source.tokens, lengths: source.lengths)  // Seq2Seq

    let (cell, embedding, output) = (GRUCell(64), Embedding(20, width: 8), Dense(20))
    let decoder = SequenceDecoder(state: [Tensor.zeros([2, 64])]) { tokens, state in
      let (h, next) = cell(embedding(tokens), state)
      return (logits: output(h), state: next)
    }

    let (prompts, end) = ([[1], [2, 3]], 0)
    for other in [text, cached, translated] {
      #expect(try other.greedy(from: prompts, maxNewTokens: 4, endTokens: [end]).count == 2)
    }
    let likeliest = try decoder.greedy(from: prompts, maxNewTokens: 50, endTokens: [end])
    let best = try decoder.beamSearch(
      from: prompts, width: 4, count: 2, lengthPenalty: .wu(alpha: 0.6), maxNewTokens: 50,
      endTokens: [end])
    let drawn = try decoder.sampled(
      from: prompts, maxNewTokens: 50, endTokens: [end],
      filters: [.repetitionPenalty(1.1), .temperature(0.8), .topP(0.95)], key: RandomKey(seed: 1))
    #expect(likeliest.count == 2 && best.map(\.count) == [2, 2] && drawn.count == 2)

    let even = LogitsFilter("even") { logits, _ in
      let tokens = Tensor.iota(logits.shape, axis: 1)
      return logits.where(
        tokens % Tensor(2, like: tokens) .== 0, else: Tensor(-.infinity, like: logits))
    }
    let evens = try decoder.sampled(
      from: prompts, maxNewTokens: 8, endTokens: [], filters: [even], key: RandomKey(seed: 2))
    #expect(evens.allSatisfy { $0.tokens.allSatisfy { $0.isMultiple(of: 2) } })
  }
}
