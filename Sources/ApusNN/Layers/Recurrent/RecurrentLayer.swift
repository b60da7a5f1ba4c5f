import ApusCore

/// A recurrent layer: ``RNN``, ``LSTM`` or ``GRU``.
///
/// As a ``Layer`` it maps a sequence to the output of its last step, or of every step. ``run(_:from:lengths:_:file:line:)``
/// also takes and returns states.
public protocol RecurrentLayer: Layer {
  var stack: RecurrentStack { get }
}

extension RecurrentLayer {
  public var options: RecurrentOptions { stack.options }

  public func build(for x: TensorType) throws(Violation) { try stack.build(for: x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    stack.run(x, nil, lengths: nil, context, at: .ofLayer).output
  }

  /// Runs the layer over sequences of different lengths.
  ///
  /// - Parameter lengths: `[N]` of integers in `0...T`. Steps past the length of their sample keep the
  ///   state and put out zero; the last output is that of the sample's own last step.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    run(x, lengths: lengths, context, file: file, line: line).output
  }

  /// Runs the layer from a given state and returns the state it ends with.
  ///
  /// ```swift
  /// let (_, summary) = encoder.run(source)
  /// let (y, _) = decoder.run(target, from: summary)
  /// ```
  /// - Parameters:
  ///   - initial: Where to start; zeros, or the kept state of a stateful layer, unless given.
  ///   - lengths: `[N]` of integers in `0...T`, where samples end before the last step.
  /// - Returns: The output that the layer gives as a function, and the states after the last step.
  public func run(
    _ x: Tensor, from initial: RecurrentState? = nil, lengths: Tensor? = nil,
    _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> (output: Tensor, state: RecurrentState) {
    let given = [x] + (initial?.tensors ?? []) + [lengths].compactMap { $0 }
    func failure(_ failed: Tensor) -> (output: Tensor, state: RecurrentState) {
      (failed, RecurrentState(failed: failed, count: stack.cell.stateCount))
    }
    if let failed = given.first(where: { $0.error != nil }) { return failure(failed) }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) {
        try build(for: x.type)
        if let violation = initial.flatMap({ stack.violation(of: $0, for: x.type) }) {
          throw violation
        }
      } catch {
        return failure(refused("\(Self.self)", error, [("input", x)]))
      }
      let result = stack.run(x, initial, lengths: lengths, context, at: .ofLayer)
      context.observe(self, output: result.output)
      return result
    }
  }

  /// Sets the state kept between calls back to zero; without effect where none is kept.
  public func resetState() throws(TensorError) {
    for buffer in stack.kept {
      guard let type = buffer.type else { continue }
      try buffer.assign(.zeros(type.shape, dtype: type.dtype))
    }
  }

  /// The state kept between calls; `nil` where none is kept or no call has been made.
  public var keptState: RecurrentState? {
    guard let first = stack.kept.first, first.type != nil else { return nil }
    return RecurrentState(tensors: stack.kept.map(\.value))
  }

  public var description: String {
    let features = stack.weights.first?.first?.inputWeight.type.map { "\($0[1])" } ?? "?"
    var text = "\(Self.self)(\(features) → \(options.units)"
    if options.layers != 1 { text += ", \(options.layers) layers" }
    if let merge = options.bidirectional { text += ", bidirectional: \(merge)" }
    return text + (options.stateful ? ", stateful)" : ")")
  }
}

/// A failed tensor for a call of the module in progress that was refused.
func refused(
  _ name: String, _ violation: Violation, _ operands: [(name: String, tensor: Tensor)]
) -> Tensor {
  Tensor(
    error: TensorError(
      operation: name, reason: violation.reason,
      operands: operands.map { .init(name: $0.name, type: $0.tensor.type) },
      layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
}
