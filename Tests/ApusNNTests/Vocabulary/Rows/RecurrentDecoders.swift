import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let recurrentDecoders: [VocabularyRow] = [
    VocabularyRow(
      .layer, "RecurrentDecoder",
      proofs: ["gru", "lstm"].map { cell in
        .goldens("recurrentDecoder", op: cell) { golden in
          let decoder = decoder(golden)
          try checkModule(golden, decoder, variables: golden.parameterNames) { data, context in
            let states = golden.op == "lstm" ? 2 : 1
            let start = data[1...states].map { $0.transposed(permutation: [1, 0, 2]) }
            let state = RecurrentState(
              hidden: start[0], cell: start.count > 1 ? start[1] : nil)
            let memory = decoder.attention.map {
              $0.memory(of: data[states + 1], mask: data[states + 2] .!= 0, context)
            }
            let units = golden.int("units")
            let fed = Tensor.zeros([data[0].shape[0], units], dtype: .float64)
            let result = decoder.run(
              data[0],
              from: RecurrentDecoderState(
                recurrent: state, fed: decoder.placement == .afterStepFed ? fed : nil),
              memory: memory, context)
            let last = result.state.recurrent
            let states2 = [last.hidden] + [last.cell].compactMap { $0 }
            return [result.logits] + states2.map { $0.transposed(permutation: [1, 0, 2]) }
              + [result.weights].compactMap { $0 }
          }
        }
      }, abuse: abuseDecoder),
    VocabularyRow(
      .layer, "RecurrentEncoder",
      proofs: seq2seqProofs,
      abuse: { bad in
        for size in BadInput.sizes {
          for x in BadInput.few {
            bad.call("RecurrentEncoder \(size)", [x], named: false) {
              [
                RecurrentEncoder(
                  vocabulary: size, width: 2, recurrent: GRU(3, returnsSequences: true))($0[0]),
                RecurrentEncoder(
                  vocabulary: 3, width: size, recurrent: GRU(3, returnsSequences: true))($0[0]),
                RecurrentEncoder(
                  vocabulary: 3, width: 2, recurrent: GRU(size, returnsSequences: true))($0[0]),
                RecurrentEncoder(vocabulary: 3, width: 2, recurrent: GRU(3))($0[0]),
              ]
            }
          }
        }
        let tokens = Tensor([0, 1, 2, 0] as [Int32], shape: [2, 2])
        for x in BadInput.operands {
          bad.call("RecurrentEncoder lengths", [x], named: false) {
            let encoder = RecurrentEncoder(
              vocabulary: 3, width: 2, recurrent: GRU(3, returnsSequences: true))
            return [encoder.run(tokens, lengths: $0[0]).output]
          }
        }
      }),
    VocabularyRow(
      .layer, "Seq2Seq", proofs: seq2seqProofs,
      abuse: { bad in
        let tokens = Tensor([0, 1, 2, 0] as [Int32], shape: [2, 2])
        for x in BadInput.operands {
          for y in BadInput.few + [.init("tokens", tokens)] {
            bad.call("Seq2Seq", [x, y], named: false) {
              let model = small(3, 2, 3)
              return [model($0[0], $0[1]), model(tokens, $0[0], lengths: $0[1])]
            }
          }
          bad.attempt("Seq2Seq decoding \(x.name)") {
            _ = try small(3, 2, 3).decoding(x.tensor).greedy(from: [[0], [1]], maxNewTokens: 2)
          }
        }
        for size in BadInput.sizes {
          bad.call("Seq2Seq \(size)", named: false) { _ in
            [small(size, 2, 3), small(3, size, 3), small(3, 2, size)].map { $0(tokens, tokens) }
          }
        }
      }),
  ]

  private static var seq2seqProofs: [Proof] {
    ["gru", "lstm"].map { cell in
      .goldens("seq2seq", op: cell) { golden in
        let both: DirectionMerge? = golden.truth("bidirectional") ? .concatenate : nil
        let units = golden.int("units")
        let encoder = RecurrentEncoder(
          vocabulary: golden.int("vocabulary"), width: golden.int("width"),
          recurrent: golden.op == "lstm"
            ? LSTM(units, bidirectional: both, returnsSequences: true)
            : GRU(units, bidirectional: both, returnsSequences: true) as any RecurrentLayer,
          dtype: .float64)
        let model = Seq2Seq(encoder: encoder, decoder: decoder(golden))
        try checkModule(golden, model, variables: golden.parameterNames) {
          [model($0[0], $0[1], lengths: $0[2], $1)]
        }
      }
    }
  }

  private static func decoder(_ golden: GoldenCase) -> RecurrentDecoder {
    let units = golden.int("units")
    let attention: (any RecurrentAttention)? =
      switch golden.word("attention") {
      case "additive": AdditiveAttention(units)
      case "general": DotAttention(.general(queryFeatures: units))
      default: nil
      }
    return RecurrentDecoder(
      vocabulary: golden.int("vocabulary"), width: golden.int("width"),
      recurrent: golden.op == "lstm"
        ? LSTM(units, returnsSequences: true)
        : GRU(units, returnsSequences: true) as any RecurrentLayer,
      attention: attention,
      placement: AttentionPlacement(rawValue: golden.word("placement")) ?? .afterStep,
      dtype: .float64)
  }

  private static func small(_ vocabulary: Int, _ width: Int, _ units: Int) -> Seq2Seq {
    Seq2Seq(
      encoder: RecurrentEncoder(
        vocabulary: vocabulary, width: width,
        recurrent: GRU(units, bidirectional: .concatenate, returnsSequences: true)),
      decoder: RecurrentDecoder(
        vocabulary: vocabulary, width: width, recurrent: GRU(units, returnsSequences: true),
        attention: AdditiveAttention(units), placement: .beforeStep))
  }

  private static func abuseDecoder(_ bad: inout BadInput) {
    let tokens = Tensor([0, 1, 2, 0] as [Int32], shape: [2, 2])
    func decoder(
      _ vocabulary: Int = 3, _ width: Int = 2, _ units: Int = 3,
      _ attention: (any RecurrentAttention)? = nil, _ placement: AttentionPlacement = .afterStep
    ) -> RecurrentDecoder {
      RecurrentDecoder(
        vocabulary: vocabulary, width: width, recurrent: GRU(units, returnsSequences: true),
        attention: attention, placement: placement)
    }
    for size in BadInput.sizes {
      bad.call("RecurrentDecoder \(size)", named: false) { _ in
        [decoder(size), decoder(3, size), decoder(3, 2, size)].map { $0(tokens) }
      }
      bad.attempt("RecurrentDecoder decoding \(size)") {
        let few = size < 1 << 30 ? size : 1 << 40
        _ = try decoder().decoding(samples: few).greedy(from: [[0]], maxNewTokens: 2)
      }
    }
    for number in BadInput.numbers {
      bad.call("RecurrentDecoder scheduled \(number)", named: false) { _ in
        [
          decoder().run(tokens, forcing: .scheduled(number)).logits,
          decoder().run(tokens, forcing: .scheduled(number, .drawn)).logits,
        ]
      }
    }
    let memory = AttentionMemory(keys: .zeros([2, 4, 3]), values: .zeros([2, 4, 3]))
    for x in BadInput.operands {
      let placements: [AttentionPlacement] = [.afterStep, .afterStepFed, .beforeStep]
      for placement in placements {
        let make = { decoder(3, 2, 3, DotAttention(), placement) }
        bad.call("RecurrentDecoder \(placement)", [x], named: false) {
          let state = RecurrentDecoderState(
            recurrent: RecurrentState(hidden: $0[0]), fed: $0[0])
          return [
            make().run($0[0], memory: memory).logits,
            make().run(tokens, memory: AttentionMemory(keys: $0[0], values: $0[0])).logits,
            make().run(tokens, from: state, memory: memory).logits,
            make().run(tokens, memory: memory, forcing: .scheduled(probability: $0[0])).logits,
          ]
        }
      }
      bad.call("RecurrentDecoder", [x], named: false) { [decoder()($0[0])] }
    }
    bad.call("RecurrentDecoder no memory", named: false) { _ in
      [decoder(3, 2, 3, DotAttention())(tokens), decoder().run(tokens, memory: memory).logits]
    }
    let layers: [any RecurrentLayer] = [
      GRU(3), GRU(3, bidirectional: .sum, returnsSequences: true),
      GRU(3, returnsSequences: true, stateful: true),
      GRU(3, returnsSequences: true, layout: .timeFirst), GRU(3, layers: 0, returnsSequences: true),
    ]
    for layer in layers {
      bad.call("RecurrentDecoder \(layer)", named: false) { _ in
        [RecurrentDecoder(vocabulary: 3, width: 2, recurrent: layer)(tokens)]
      }
    }
  }
}
