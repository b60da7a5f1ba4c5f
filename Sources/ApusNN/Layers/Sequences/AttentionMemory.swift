import ApusCore

/// What an attention looks at: values, the keys it finds them by, and which of them are real.
///
/// Made once for a sequence, by ``RecurrentAttention/memory(of:mask:_:file:line:)``, and used in
/// every step.
public struct AttentionMemory: Sendable {
  /// What queries are compared with, `[N, S, …]`.
  public let keys: Tensor
  /// What is averaged, `[N, S, D]`.
  public let values: Tensor
  /// Which places count, `bool [N, S]`; all without one.
  public let mask: Tensor?

  public init(keys: Tensor, values: Tensor, mask: Tensor? = nil) {
    self.keys = keys
    self.values = values
    self.mask = mask
  }

  /// The tensors, to be handed to a loop.
  var tensors: [Tensor] { [keys, values] + [mask].compactMap { $0 } }

  /// The memory of such a list.
  init?(tensors: ArraySlice<Tensor>) {
    let all = Array(tensors)
    guard all.count == 2 || all.count == 3 else { return nil }
    self.init(keys: all[0], values: all[1], mask: all.count == 3 ? all[2] : nil)
  }

  func check() throws(Violation) {
    try require(
      values.rank == 3 && values.dtype.isFloating,
      "values are floating [samples, places, features], not \(values.type)")
    try require(
      keys.rank == 3 && keys.dtype == values.dtype
        && keys.shape.dims.prefix(2) == values.shape.dims.prefix(2),
      "keys \(keys.type) do not belong to values \(values.type)")
    guard let mask else { return }
    let expected = TensorType(.bool, Array(values.shape.dims.prefix(2)))
    try require(mask.type == expected, "the mask is \(expected), not \(mask.type)")
  }
}

/// An attention of a recurrent decoder: averages values by how well their keys match a query.
///
///     weights = softmax(score(query, keys)),  context = Σ weights · values
///
/// Places that the mask excludes have weight 0; where it excludes all, the context is 0.
///
/// - Shape: `query[N, Q] → context[N, D], weights[N, S]`, or `query[N, T, Q] → [N, T, D], [N, T, S]`.
public protocol RecurrentAttention: Module {
  /// Sets the shapes of parameters that keys need.
  func build(values: TensorType) throws(Violation)

  /// Sets the shapes of parameters that queries need.
  func build(query: TensorType, memory: AttentionMemory) throws(Violation)

  /// What queries are compared with: the part of the score that does not depend on them.
  func keys(for values: Tensor) -> Tensor

  /// How well queries `[N, T, Q]` match keys: `[N, T, S]`.
  func scores(_ query: Tensor, _ keys: Tensor) -> Tensor
}

extension RecurrentAttention {
  /// Prepares what to look at: the keys are computed here, once.
  ///
  /// - Parameters:
  ///   - values: `[N, S, D]`, such as the outputs of an encoder.
  ///   - mask: `bool [N, S]`: which places are real.
  public func memory(
    of values: Tensor, mask: Tensor? = nil, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> AttentionMemory {
    func failure(_ failed: Tensor) -> AttentionMemory {
      AttentionMemory(keys: failed, values: failed, mask: mask.map { _ in failed })
    }
    let given = [values] + [mask].compactMap { $0 }
    if let failed = given.first(where: { $0.error != nil }) { return failure(failed) }
    return scoped(context, file: file, line: line) { _ in
      do throws(Violation) {
        try AttentionMemory(keys: values, values: values, mask: mask).check()
        try build(values: values.type)
      } catch { return failure(refused("\(Self.self)", error, [("values", values)])) }
      return AttentionMemory(keys: keys(for: values), values: values, mask: mask)
    }
  }

  /// Looks at a memory.
  public func callAsFunction(
    _ query: Tensor, _ memory: AttentionMemory, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> (context: Tensor, weights: Tensor) {
    let given = [query] + memory.tensors
    if let failed = given.first(where: { $0.error != nil }) { return (failed, failed) }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) {
        try memory.check()
        try check(query.type, memory)
        try build(query: query.type, memory: memory)
      } catch {
        let failed = refused("\(Self.self)", error, [("query", query), ("values", memory.values)])
        return (failed, failed)
      }
      let isSingle = query.rank == 2
      let all = scores(isSingle ? query.expanded(at: 1) : query, memory.keys)
      let weights = all.attentionWeights(memory.mask)
      let found = matmul(weights, memory.values)
      let result = isSingle ? found.squeezed(axes: [1]) : found
      context.observe(self, output: result)
      return (result, isSingle ? weights.squeezed(axes: [1]) : weights)
    }
  }

  private func check(_ query: TensorType, _ memory: AttentionMemory) throws(Violation) {
    try require(
      query.rank == 2 || query.rank == 3,
      "the query is [samples, features] or [samples, steps, features], not of rank \(query.rank)")
    try require(
      query[0] == memory.values.shape[0],
      "the query has \(query[0]) samples, the memory \(memory.values.shape[0])")
    try require(
      query.dtype == memory.values.dtype,
      "dtypes differ: the query is \(query.dtype), the memory \(memory.values.dtype)")
  }
}

extension Tensor {
  /// The softmax of scores `[N, T, S]` over the places that a mask `[N, S]` leaves; 0 elsewhere.
  fileprivate func attentionWeights(_ mask: Tensor?) -> Tensor {
    guard let mask else { return softmax(axis: 2) }
    let wide = mask.expanded(at: 1).broadcast(to: shape)
    // Finite, so that a row without places gives numbers to put 0 in the place of.
    let lowest = Tensor(dtype == .float16 ? -6e4 : -1e30, like: self)
    let weights = self.where(wide, else: lowest).softmax(axis: 2)
    return weights.where(wide, else: Tensor(0, like: weights))
  }
}
