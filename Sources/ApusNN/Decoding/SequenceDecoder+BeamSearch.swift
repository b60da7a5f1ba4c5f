import ApusCore

extension SequenceDecoder {
  /// Continues each prompt with the sequences of highest score that a beam of hypotheses finds.
  ///
  ///     score(y) = Σ log p(y[t]) / lengthPenalty(|y|)
  ///
  /// In each step the `width` best open hypotheses are extended by every token. One extended by an
  /// end token is closed if it is among the `width` best extensions. A prompt is done when `width`
  /// hypotheses are closed and none that is open can still come to a better score, or at the limit of
  /// new tokens, where open ones take part unfinished. A `width` that covers all sequences makes the
  /// search exhaustive.
  ///
  /// - Parameters:
  ///   - count: How many sequences to return for each prompt, at most `width`.
  ///   - earlyStopping: Ends as soon as `width` hypotheses are closed, better ones possible or not.
  ///   - filters: Change what each step's probabilities are made of.
  /// - Throws: As ``greedy(from:maxNewTokens:endTokens:filters:file:line:)``.
  /// - Returns: For each prompt its sequences, the best first. Fewer than `count` where no more exist.
  /// - Source: Wu et al. 2016, "Google's neural machine translation system", section 7.
  public func beamSearch(
    from prompts: [[Int]], width: Int,
    count: Int = 1, lengthPenalty: LengthPenalty = .none, earlyStopping: Bool = false,
    maxNewTokens: Int, endTokens: [Int] = [], filters: [LogitsFilter] = [],
    file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> [[DecodedSequence]] {
    var request = DecodingRequest(
      operation: "beamSearch", prompts: prompts, state: state, memory: memory,
      maxNewTokens: maxNewTokens, endTokens: Set(endTokens), filters: filters,
      site: CallSite(file: file, line: line))
    try request.check(self)
    guard (1...4096).contains(width), (1...width).contains(count) else {
      throw request.error("\(count) sequences of \(width) beams are not 1...width of 1...4096")
    }
    guard lengthPenalty.isFinite else {
      throw request.error("\(lengthPenalty) is not a finite penalty")
    }
    if prompts.isEmpty { return [] }
    let settings = Beams.Settings(
      width: width, lengthPenalty: lengthPenalty, stopsEarly: earlyStopping,
      maxNewTokens: maxNewTokens, endTokens: request.endTokens)
    var beams = prompts.map { Beams($0, settings) }
    request = request.repeated(width, self)
    let plan = beamPlan(request, samples: prompts.count, width: width)
    try run(plan, &beams, request, width: width)
    return beams.map { Array($0.results.prefix(count)) }
  }

  /// The step that gives for each sample its best extensions: scores, beams and tokens, in order.
  private func beamPlan(
    _ request: DecodingRequest, samples: Int, width: Int
  ) -> DecodingPlan {
    // Were the best ones all closed by end tokens, `width` open ones remain.
    let wanted = width.timesClamped(1.plusClamped(request.endTokens.count))
    return DecodingPlan(
      self, request, rows: samples * width, reordersRows: true, extraCount: 1
    ) { logits, extra in
      let vocabulary = logits.shape[1]
      let before = extra[0].converted(to: logits.dtype).reshaped(to: [samples * width, 1])
      let all = (logits.logSoftmax(axis: 1) + before).reshaped(
        to: [samples, width.timesClamped(vocabulary)])
      let (scores, places) = all.topK(min(wanted, all.shape[1]), axis: 1)
      let size = Tensor(Double(vocabulary), like: places)
      return [scores, places / size, places % size]
    }
  }

  private func run(
    _ start: DecodingPlan, _ beams: inout [Beams], _ request: DecodingRequest, width: Int
  ) throws(TensorError) {
    var plan = start
    var step = 0
    while beams.contains(where: { $0.isOpen }) {
      let scores = Tensor(beams.flatMap(\.scores))
      let parents = beams.enumerated().flatMap { sample, beam in
        beam.parents.map { sample * width + $0 }
      }
      let chosen = try plan.run(
        beams.flatMap { $0.sequences(at: step) }, newTokenCounts: beams.flatMap(\.newCounts),
        parents: parents, extra: [scores])
      let values = try chosen[0].scalars(as: Double.self)
      let places = try chosen[1].scalars(as: Int32.self)
      let tokens = try chosen[2].scalars(as: Int32.self)
      let perSample = values.count / max(beams.count, 1)
      for sample in beams.indices {
        let range = sample * perSample..<(sample + 1) * perSample
        let extensions = range.map {
          Beams.Extension(score: values[$0], beam: Int(places[$0]), token: Int(tokens[$0]))
        }
        guard beams[sample].advance(extensions, step: step) else {
          throw request.error(
            "prompt \(sample) has no next token at step \(step): "
              + "logits are not numbers, or filters left none")
        }
      }
      step += 1
    }
  }
}

extension LengthPenalty {
  var isFinite: Bool {
    switch self {
    case .none: true
    case .wu(let number), .power(let number): number.isFinite && abs(number) <= 100
    }
  }
}
