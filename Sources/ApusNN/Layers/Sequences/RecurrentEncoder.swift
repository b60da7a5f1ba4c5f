import ApusCore

/// Reads sequences of tokens: an embedding and a recurrent layer.
///
/// - Shape: `x[N, S] → y[N, S, D]`, `x` of `int32` or `int64`; `D` is the width of the recurrent
///   layer's output.
/// - Parameters held: `embedding.weight [vocabulary, width]`; those of `recurrent`.
/// - Source: Sutskever, Vinyals, Le 2014; Cho et al. 2014.
public final class RecurrentEncoder: Layer, CustomStringConvertible {
  public let vocabulary: Int
  public let embedding: Embedding
  public let recurrent: any RecurrentLayer

  /// Creates an encoder.
  ///
  /// - Parameter recurrent: Batch first, `returnsSequences`, not stateful; in one or both directions.
  public init(
    vocabulary: Int, width: Int, recurrent: any RecurrentLayer, dtype: DType = .float32
  ) {
    self.vocabulary = vocabulary
    self.recurrent = recurrent
    embedding = Embedding(vocabulary, width: width, dtype: dtype)
  }

  public func build(for x: TensorType) throws(Violation) {
    let options = recurrent.options
    try require(
      options.returnsSequences && !options.stateful && options.layout == .batchFirst,
      "needs a recurrent layer, batch first, that returns sequences and keeps no state between "
        + "calls")
    try require(
      x.rank == 2 && (x.dtype == .int32 || x.dtype == .int64),
      "needs tokens [samples, steps] of i32 or i64, not \(x)")
    try require(x[1] > 0, "the sequence has no steps")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    read(x, nil, context, .ofLayer).output
  }

  /// Runs the encoder over padded sequences.
  ///
  /// - Parameter lengths: `[N]` of integers: outputs past the end of a sample are 0.
  /// - Returns: The outputs of every step, and the states after each sample's last.
  public func run(
    _ x: Tensor, lengths: Tensor? = nil, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> (output: Tensor, state: RecurrentState) {
    if let failed = ([x] + [lengths].compactMap { $0 }).first(where: { $0.error != nil }) {
      return failure(failed)
    }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) { try build(for: x.type) } catch {
        return failure(refused("RecurrentEncoder", error, [("input", x)]))
      }
      let found = read(x, lengths, context, .ofLayer)
      context.observe(self, output: found.output)
      return found
    }
  }

  private func read(
    _ x: Tensor, _ lengths: Tensor?, _ context: Context, _ site: CallSite
  ) -> (output: Tensor, state: RecurrentState) {
    let embedded = embedding(x, context, file: site.file, line: site.line)
    return recurrent.run(
      embedded, lengths: lengths, context, file: site.file, line: site.line)
  }

  private func failure(_ failed: Tensor) -> (output: Tensor, state: RecurrentState) {
    (failed, RecurrentState(failed: failed, count: recurrent.stack.cell.stateCount))
  }

  public var description: String { "RecurrentEncoder(\(vocabulary) tokens, \(recurrent))" }
}
