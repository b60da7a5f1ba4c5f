import ApusCore

/// Runs a cell over sequences, as a loop inside the plan: the graph holds one step.
///
/// The random stream of a call is drawn from once: every step of a cell with dropout drops the same
/// elements.
///
/// - Shape: `x[N, T, F…] → y[N, …]`, the last step's; `y[N, T, …]` with `returnsSequences`.
/// - Parameters held: those of `cell`.
public final class RNNLoop: Layer, CustomStringConvertible {
  public let cell: any StepCell
  public let returnsSequences: Bool
  /// Whether steps run from the last to the first; outputs stay with their inputs.
  public let isReversed: Bool
  public let layout: SequenceLayout

  public init(
    _ cell: any StepCell, returnsSequences: Bool = false, isReversed: Bool = false,
    layout: SequenceLayout = .batchFirst
  ) {
    self.cell = cell
    self.returnsSequences = returnsSequences
    self.isReversed = isReversed
    self.layout = layout
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(
      x.rank >= 3,
      "needs a sequence of rank 3 or more, samples, steps and features, "
        + "not rank \(x.rank)")
    try require(x[layout.timeAxis] > 0, "the sequence has no steps")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    loop(x, nil, nil, context, at: .ofLayer).output
  }

  /// Runs the loop from a given state and returns the state it ends with.
  ///
  /// - Parameters:
  ///   - initial: Where to start; the cell's initial state unless given.
  ///   - lengths: `[N]` of integers: steps past the length of their sample keep the state and put out
  ///     zero.
  public func run(
    _ x: Tensor, from initial: [Tensor]? = nil, lengths: Tensor? = nil,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> (output: Tensor, state: [Tensor]) {
    let given = [x] + (initial ?? []) + [lengths].compactMap { $0 }
    func failure(_ failed: Tensor) -> (output: Tensor, state: [Tensor]) {
      (failed, (initial ?? [failed]).map { _ in failed })
    }
    if let failed = given.first(where: { $0.error != nil }) { return failure(failed) }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) {
        try build(for: x.type)
        if let lengths { try check(lengths.type, x.type) }
      } catch { return failure(refused("RNNLoop", error, given.map { ("operand", $0) })) }
      let result = loop(x, initial, lengths, context, at: .ofLayer)
      context.observe(self, output: result.output)
      return result
    }
  }

  private func check(_ lengths: TensorType, _ x: TensorType) throws(Violation) {
    try require(lengths.dtype.isInteger, "lengths must be integers, not \(lengths.dtype)")
    let samples = x[1 - layout.timeAxis]
    try require(
      lengths.shape == [samples], "lengths must be [\(samples)], not \(lengths.shape)")
  }

  private func loop(
    _ x: Tensor, _ initial: [Tensor]?, _ lengths: Tensor?, _ context: Context, at site: CallSite
  ) -> (output: Tensor, state: [Tensor]) {
    let x = layout.swapped(x)
    let element = x.type.with(shape: Shape(Array(x.shape.dims.dropFirst())))
    do throws(Violation) { try cell.build(for: element) } catch {
      let failed = refused("\(type(of: cell))", error, [("input", x)])
      return (failed, [failed])
    }
    let start = initial ?? cell.initialState(for: element)
    var sequences = [x]
    if let lengths {
      let steps = Tensor.iota([x.shape[0], x.shape[1]], axis: 0, dtype: lengths.dtype)
      sequences.append(steps .< lengths)
    }
    let result = scan(
      initial: start, over: sequences, reverse: isReversed, file: site.file, line: site.line
    ) { state, x in
      let (y, next) = cell(x[0], state, context, file: site.file, line: site.line)
      guard x.count > 1, next.count == state.count else { return (next, [y]) }
      return (
        zip(next, state).map { Self.choose(x[1], $0, else: $1) },
        [Self.choose(x[1], y, else: Tensor(0, like: y))]
      )
    }
    let outputs = result.y[0]
    if returnsSequences { return (layout.swapped(outputs), result.carry) }
    return (lastOutput(outputs, lengths), result.carry)
  }

  /// The output of the step that ran last: the sample's own last step where lengths differ.
  private func lastOutput(_ outputs: Tensor, _ lengths: Tensor?) -> Tensor {
    if outputs.error != nil { return outputs }
    if isReversed { return outputs[0] }
    guard let lengths else { return outputs[outputs.shape[0] - 1] }
    // One of the steps' outputs per sample; a sample without steps has zero.
    let steps = Tensor.iota([outputs.shape[0], outputs.shape[1]], axis: 0, dtype: lengths.dtype)
    let isLast = steps .== (lengths - 1)
    let kept = Self.choose(isLast, outputs, else: Tensor(0, like: outputs))
    return kept.sum(axes: [0])
  }

  /// Chooses whole samples: `condition` has the leading axes of `x`.
  private static func choose(_ condition: Tensor, _ x: Tensor, else other: Tensor) -> Tensor {
    let ones = Array(repeating: 1, count: max(x.rank - condition.rank, 0))
    return x.where(condition.reshaped(to: Shape(condition.shape.dims + ones)), else: other)
  }

  public var description: String {
    "RNNLoop(\(cell)\(isReversed ? ", reversed" : ""))"
  }
}
