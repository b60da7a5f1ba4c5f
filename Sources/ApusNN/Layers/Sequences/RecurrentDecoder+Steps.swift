import ApusCore

extension RecurrentDecoder {
  /// The whole call, after the tokens were looked at.
  func result(
    _ x: Tensor, _ initial: RecurrentDecoderState?, _ memory: AttentionMemory?,
    _ forcing: TeacherForcing, _ context: Context, _ site: CallSite
  ) -> Result {
    do throws(Violation) {
      let embedded = embedding(x, context, file: site.file, line: site.line)
      if embedded.error != nil { return failure(embedded) }
      let state = try start(initial, samples: x.shape[0])
      try check(state, memory, samples: x.shape[0], embedded.dtype)
      let draw = try forcing.draw(context)
      let found =
        draw == nil && (attention == nil || placement == .afterStep)
        ? allAtOnce(embedded, state, memory, context, site)
        : looped(x, embedded, state, memory, draw, context, site)
      if let failed = found.features.error { return failure(Tensor(error: failed)) }
      let logits = output(found.features, context, file: site.file, line: site.line)
      return Result(logits: logits, state: found.state, weights: found.weights)
    } catch {
      return failure(refused("RecurrentDecoder", error, [("input", x)]))
    }
  }

  /// Where to start: zeros for a number of samples unless given.
  private func start(
    _ given: RecurrentDecoderState?, samples: Int
  ) throws(Violation) -> RecurrentDecoderState {
    if let given { return given }
    let dtype = embedding.weight.variable.fixedDType ?? .float32
    let options = recurrent.options
    try require(
      options.units > 0 && options.layers > 0 && samples >= 0,
      "\(options.layers) layers of \(options.units) units for \(samples) samples have no state")
    func zeros(_ shape: Shape) -> Tensor { .zeros(shape, dtype: dtype) }
    let rows: Shape = [options.layers, samples, options.units]
    let states = (0..<recurrent.stack.cell.stateCount).map { _ in zeros(rows) }
    return RecurrentDecoderState(
      recurrent: RecurrentState(tensors: states),
      fed: feeds ? zeros([samples, options.units]) : nil)
  }

  private func check(
    _ state: RecurrentDecoderState, _ memory: AttentionMemory?, samples: Int, _ dtype: DType
  ) throws(Violation) {
    let options = recurrent.options
    let rows = TensorType(dtype, [options.layers, samples, options.units])
    let count = recurrent.stack.cell.stateCount
    try require(
      state.recurrent.tensors.map(\.type) == Array(repeating: rows, count: count),
      "starts from \(count) states of \(rows), not \(state.recurrent.tensors.map(\.type))")
    let fed = feeds ? TensorType(dtype, [samples, options.units]) : nil
    try require(
      state.fed?.type == fed,
      "what is fed back is \(fed.map { "\($0)" } ?? "nothing"), was given "
        + (state.fed.map { "\($0.type)" } ?? "nothing"))
    guard attention != nil else {
      return try require(memory == nil, "has no attention to look at a memory with")
    }
    guard let memory else { throw Violation("needs a memory for its attention") }
    try require(
      memory.values.rank == 3 && memory.values.shape[0] == samples,
      "the memory \(memory.values.type) does not hold \(samples) samples")
  }

  private typealias Steps = (features: Tensor, state: RecurrentDecoderState, weights: Tensor?)

  /// All steps by the recurrent layer's own loop, then one look for each.
  private func allAtOnce(
    _ embedded: Tensor, _ state: RecurrentDecoderState, _ memory: AttentionMemory?,
    _ context: Context, _ site: CallSite
  ) -> Steps {
    let (h, next) = recurrent.run(
      embedded, from: state.recurrent, context, file: site.file, line: site.line)
    let (features, weights) = looked(h, h, memory, context, site)
    return (features, RecurrentDecoderState(recurrent: next, fed: state.fed), weights)
  }

  /// `tanh(combination · [context; h])`, where a query says what to look for; `h` without attention.
  private func looked(
    _ query: Tensor, _ h: Tensor, _ memory: AttentionMemory?, _ context: Context,
    _ site: CallSite
  ) -> (features: Tensor, weights: Tensor?) {
    guard let attention, let memory else { return (h, nil) }
    let (seen, weights) = attention(query, memory, context, file: site.file, line: site.line)
    return (combined(seen, h, context, site), weights)
  }

  private func combined(
    _ seen: Tensor, _ h: Tensor, _ context: Context, _ site: CallSite
  ) -> Tensor {
    guard let combination else { return h }
    let both = concatenated([seen, h], axis: -1)
    return combination(both, context, file: site.file, line: site.line)
  }

  /// One step on embedded tokens `[N, width]`.
  private func step(
    _ x: Tensor, _ state: RecurrentDecoderState, _ memory: AttentionMemory?, _ context: Context,
    _ site: CallSite
  ) -> Steps {
    func advance(_ input: Tensor) -> (h: Tensor, state: RecurrentState) {
      let (h, next) = recurrent.run(
        input.expanded(at: 1), from: state.recurrent, context, file: site.file, line: site.line)
      return (h.squeezed(axes: [1]), next)
    }
    if let attention, let memory, placement == .beforeStep {
      let query = state.recurrent.hidden[-1]
      let (seen, weights) = attention(query, memory, context, file: site.file, line: site.line)
      let (h, next) = advance(concatenated([x, seen], axis: 1))
      let features = combined(seen, h, context, site)
      return (features, RecurrentDecoderState(recurrent: next), weights)
    }
    let (h, next) = advance(state.fed.map { concatenated([x, $0], axis: 1) } ?? x)
    let (features, weights) = looked(h, h, memory, context, site)
    return (
      features, RecurrentDecoderState(recurrent: next, fed: feeds ? features : nil), weights
    )
  }

  /// A loop over steps inside the plan.
  private func looped(
    _ tokens: Tensor, _ embedded: Tensor, _ initial: RecurrentDecoderState,
    _ memory: AttentionMemory?, _ draw: TeacherForcing.Draw?, _ context: Context,
    _ site: CallSite
  ) -> Steps {
    let steps = tokens.shape[1]
    // With choices of its own the decoder needs token numbers, else their features.
    let truth = tokens.converted(to: .int32).transposed(permutation: [1, 0])
    let sequences =
      draw == nil
      ? [embedded.transposed(permutation: [1, 0, 2])]
      : [truth, Tensor.iota([steps], axis: 0, dtype: .int64)]
    // The first step has no predecessor: its own token is the true one.
    let own = draw == nil ? [] : [truth[0]]
    let result = scan(
      initial: initial.tensors + own, over: sequences, file: site.file, line: site.line
    ) { carry, x in
      var features = x[0]
      if let draw {
        let token = draw.token(x[0], own: carry[carry.count - 1], step: x[1])
        features = embedding(token, context, file: site.file, line: site.line)
      }
      let state = RecurrentDecoderState(
        tensors: Array(carry.dropLast(own.count)), feeds: feeds)
      let found = step(features, state, memory, context, site)
      var next = found.state.tensors
      if let draw {
        let logits = output(found.features, context, file: site.file, line: site.line)
        next.append(draw.choice(logits, step: x[1]))
      }
      return (next, [found.features] + [found.weights].compactMap { $0 })
    }
    func batchFirst(_ y: Tensor) -> Tensor { y.transposed(permutation: [1, 0, 2]) }
    let state = RecurrentDecoderState(
      tensors: Array(result.carry.dropLast(own.count)), feeds: feeds)
    return (
      batchFirst(result.y[0]), state, result.y.count > 1 ? batchFirst(result.y[1]) : nil
    )
  }

  /// A decoder that continues sequences token by token.
  ///
  /// ```swift
  /// let lines = try model.decoding(samples: 1).sampled(
  ///   from: [[start]], maxNewTokens: 80, filters: [.temperature(0.7)], key: key)
  /// ```
  /// - Parameters:
  ///   - samples: How many prompts there will be.
  ///   - initial: Where they start; zeros unless given.
  public func decoding(
    samples: Int, from initial: RecurrentDecoderState? = nil, memory: AttentionMemory? = nil
  ) -> SequenceDecoder {
    let start: [Tensor]
    do throws(Violation) {
      start = try self.start(initial, samples: samples).tensors
    } catch { start = [refused("RecurrentDecoder", error, [])] }
    let recurrentCount = start.count - (feeds ? 1 : 0)
    let axes = start.indices.map { $0 < recurrentCount ? 1 : 0 }
    return SequenceDecoder(
      state: start, memory: memory?.tensors ?? [], batchAxes: axes
    ) { [self] tokens, state, memory in
      let found = run(
        tokens.expanded(at: 1), from: RecurrentDecoderState(tensors: state, feeds: feeds),
        memory: AttentionMemory(tensors: memory[...]))
      return (logits: found.logits.squeezed(axes: [1]), state: found.state.tensors)
    }
  }
}
