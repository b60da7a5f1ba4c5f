/// Connectionist temporal classification: how unlikely a sequence of labels is, over all ways of
/// spreading it over the steps: `logs[N, T, K], targets[N, S], inputLengths[N], targetLengths[N] →
/// loss[N], alpha[N, T, 2S + 1]`.
///
///     alphaₜ[l] = logₜ[labels[l]] + log(e^alphaₜ₋₁[l] + e^alphaₜ₋₁[l−1] + (e^alphaₜ₋₁[l−2]))
///     loss = −log(e^alpha[2S] + e^alpha[2S−1])     after the last step
///
/// - Gradient: by ``CTCGradient``; of the decomposition where alpha is used otherwise.
/// - Source: Graves et al. 2006, section 4.1.
package struct CTC: Composite {
  package let blank: Int
  package var name: String { "ctc" }
  package var attributes: String { "blank: \(blank)" }
  package var operandNames: [String] {
    ["logProbabilities", "targets", "inputLengths", "targetLengths"]
  }
  package var cpu: CPUKernel { .kernel }

  package init(blank: Int) { self.blank = blank }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (logs, targets) = (operands[0], operands[1])
    try require(
      logs.dtype.isFloating, "logProbabilities must be floating, not \(logs.dtype)")
    try require(logs.rank == 3, "logProbabilities are [N, T, K], not \(logs.shape)")
    try require(logs[2] > 0, "there are no classes")
    try require(
      (0..<logs[2]).contains(blank), "blank \(blank) is not one of the \(logs[2]) classes")
    try require(
      targets.dtype == .int64 && targets.rank == 2 && targets[0] == logs[0],
      "targets for \(logs.shape) are i64[\(logs[0]), S], not \(targets)")
    for (name, lengths) in zip(operandNames.dropFirst(2), operands.dropFirst(2)) {
      let expected = TensorType(.int64, [logs[0]])
      try require(lengths == expected, "\(name) are \(expected), not \(lengths)")
    }
    let states = targets[1].timesClamped(2).plusClamped(1)
    return [logs.with(shape: [logs[0]]), logs.with(shape: [logs[0], logs[1], states])]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    inRange(operands, of: formula)
  }

  private func formula(_ operands: [Tensor]) -> [Tensor] {
    let lattice = CTCLattice(operands[0], operands[1], operands[2], operands[3], blank: blank)
    let state = Tensor.iota(lattice.ends.shape, axis: 1, dtype: .int64)
    // Before the first step every path is at the first blank.
    let never = Tensor(CTCLattice.never, like: lattice.ends)
    let start = Tensor(0, like: never).where(state .== 0, else: never)
    let (carry, y) = scan(
      initial: [start], over: [lattice.emissions, lattice.active]
    ) { carry, x in
      let alpha = carry[0]
      let one = alpha.movedRight(by: 1)
      let two = alpha.movedRight(by: 2) + lattice.skips
      let next = logSumOfThree(alpha, one, two) + x[0]
      let kept = next.where(x[1].expanded(at: 1), else: alpha)
      return ([kept], [kept])
    }
    let total = (carry[0] + lattice.ends).logSumExp(axes: [1])
    // A total that is NaN stays so.
    let isImpossible = total .<= CTCLattice.never / 10
    let infinite = Tensor(.infinity, like: total)
    return [infinite.where(isImpossible, else: -total), y[0].transposed(permutation: [1, 0, 2])]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dloss = upstream[0], upstream[1] == nil else {
      return decomposedGradient(call, upstream: upstream)
    }
    let operands = call.operands + [call.results[0], call.results[1], dloss]
    return [apply(CTCGradient(blank: blank), operands), nil, nil, nil]
  }
}

/// The gradient of ``CTC``: `logs, targets, inputLengths, targetLengths, loss[N], alpha[N, T, L],
/// dloss[N] → dlogs[N, T, K]`.
///
///     dlogsₜ[k] = −dloss · Σ over states with label k of e^(alphaₜ[l] + betaₜ[l] + loss)
///
/// `betaₜ[l]` is what remains to be emitted after step `t`, computed from the last step back. An
/// impossible target has no gradient.
/// - Source: Graves et al. 2006, equations 9 to 15.
package struct CTCGradient: Composite {
  package let blank: Int
  package var name: String { "ctcGradient" }
  package var attributes: String { "blank: \(blank)" }
  package var operandNames: [String] {
    CTC(blank: blank).operandNames + ["loss", "alpha", "dloss"]
  }
  package var cpu: CPUKernel { .kernel }

  package init(blank: Int) { self.blank = blank }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let expected = try CTC(blank: blank).resultTypes(Array(operands[..<4]))
    try require(operands[4] == expected[0], "loss must be \(expected[0]), not \(operands[4])")
    try require(operands[5] == expected[1], "alpha must be \(expected[1]), not \(operands[5])")
    try require(operands[6] == expected[0], "dloss must be \(expected[0]), not \(operands[6])")
    return [operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    inRange(operands, of: formula)
  }

  private func formula(_ operands: [Tensor]) -> [Tensor] {
    let logs = operands[0]
    let lattice = CTCLattice(logs, operands[1], operands[2], operands[3], blank: blank)
    let loss = operands[4]
    let isPossible = loss .< -CTCLattice.never / 10
    let zero = Tensor(0, like: loss)
    let shift = loss.where(isPossible, else: zero).expanded(at: 1)
    let scale = operands[6].where(isPossible, else: zero).expanded(at: 1)
    let alpha = operands[5].transposed(permutation: [1, 0, 2])
    let skips = lattice.skips
    let (_, y) = scan(
      initial: [lattice.ends], over: [lattice.emissions, lattice.active, alpha], reverse: true
    ) { carry, x in
      let beta = carry[0]
      let isActive = x[1].expanded(at: 1)
      let share = (x[2] + beta + shift).exp() * scale
      let ahead = beta + x[0]
      let two = (ahead + skips).movedLeft(by: 2)
      let before = logSumOfThree(ahead, ahead.movedLeft(by: 1), two)
      let none = Tensor(0, like: share)
      return ([before.where(isActive, else: beta)], [share.where(isActive, else: none)])
    }
    let shares = y[0].transposed(permutation: [1, 0, 2])
    let places = lattice.labels.expanded(at: 1).broadcast(to: shares.shape)
    return [Tensor(0, like: logs).scatteringAddElements(-shares, at: places, axis: 2)]
  }
}

/// What a formula gives in 32 bits where operands are of 16: ``CTCLattice/never`` is no number there.
private func inRange(_ operands: [Tensor], of formula: ([Tensor]) -> [Tensor]) -> [Tensor] {
  let dtype = operands[0].dtype
  if dtype.byteCount > 2 { return formula(operands) }
  let wide = operands.map { $0.dtype == dtype ? $0.converted(to: .float32) : $0 }
  return formula(wide).map { $0.converted(to: dtype) }
}

/// `log(eᵃ + eᵇ + eᶜ)` of finite numbers.
private func logSumOfThree(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
  let largest = maximum(maximum(a, b), c).stoppingGradient()
  let sum = (a - largest).exp() + (b - largest).exp() + (c - largest).exp()
  return sum.log() + largest
}

extension Tensor {
  /// Elements of the last axis moved to higher places; what comes in is ``CTCLattice/never``.
  fileprivate func movedRight(by count: Int) -> Tensor {
    let states = shape[1]
    return padded(low: [0, count], high: [0, 0], value: CTCLattice.never).sliced(
      axis: 1, 0..<states)
  }

  fileprivate func movedLeft(by count: Int) -> Tensor {
    let states = shape[1]
    return padded(low: [0, 0], high: [0, count], value: CTCLattice.never).sliced(
      axis: 1, count..<(states + count))
  }
}

/// Returns, for every sample, how unlikely a sequence of labels is under the distributions of each
/// step, over all ways of aligning them (connectionist temporal classification).
///
///     loss = −log Σ over alignments of Π p[t, label at t]
///
/// An alignment repeats labels and puts blanks between them; equal neighbours need a blank. A target
/// with no alignment, too long for its steps, gives infinity and no gradient.
/// - Shape: `logProbabilities[N, T, K], targets[N, S], inputLengths[N], targetLengths[N] → loss[N]`;
///   integers `int32` or `int64`. Labels beyond a target's length and steps beyond an input's are not
///   looked at.
/// - Parameter blank: The class that stands for no label; targets must not contain it.
/// - Throws: a label or length out of range is reported by the call that evaluates.
/// - Source: Graves et al. 2006.
public func ctcLoss(
  logProbabilities: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor,
  blank: Int = 0, file: String = #fileID, line: Int = #line
) -> Tensor {
  let site = CallSite(file: file, line: line)
  let operands = [logProbabilities, targets, inputLengths, targetLengths]
  let operation = CTC(blank: blank)
  return attempt(operation.name, operands, at: site) { () throws(Violation) in
    for (name, operand) in zip(operation.operandNames, operands).dropFirst() {
      try require(operand.dtype.isInteger, "\(name) must be integers, not \(operand.dtype)")
    }
    let wide = operands.dropFirst().map { $0.converted(to: .int64) }
    return record(operation, [logProbabilities] + wide, results: 2, at: site)[0]
  }
}
