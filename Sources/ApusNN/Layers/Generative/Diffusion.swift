import ApusCore

extension NoiseSchedule {
  /// Returns data after its first `t + 1` steps: `x_t = √ᾱ_t · x_0 + √(1 − ᾱ_t) · noise`.
  ///
  /// - Shape: `x[N, …], t[N], noise[N, …] → x_t[N, …]`; `t` of integers from 0 below ``count``.
  /// - Source: Ho, Jain and Abbeel 2020, equation 4.
  public func diffused(
    _ x: Tensor, to t: Tensor, noise: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    formula("diffused", [("x", x), ("noise", noise)], t, file, line) { at in
      at(signal.map { $0.squareRoot() }) * x
        + at(signal.map { (1 - $0).squareRoot() }) * noise
    }
  }

  /// Returns the data that noisy data came from, if the noise in it is known:
  /// `x_0 = (x_t − √(1 − ᾱ_t) · noise) / √ᾱ_t`.
  ///
  /// - Shape: `x_t[N, …], t[N], noise[N, …] → x_0[N, …]`.
  /// - Source: Ho, Jain and Abbeel 2020, section 3.2.
  public func start(
    of x: Tensor, at t: Tensor, noise: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    formula("start", [("x", x), ("noise", noise)], t, file, line) { at in
      at(signal.map { 1 / $0.squareRoot() }) * x
        - at(signal.map { (1 / $0 - 1).squareRoot() }) * noise
    }
  }

  /// Returns the distribution of `x_{t−1}` for data that was `x_0` at first and is `x_t` now: its mean,
  /// and its variance for each sample.
  ///
  ///     mean = (√ᾱ_{t−1}·β_t / (1 − ᾱ_t)) · x_0 + (√α_t·(1 − ᾱ_{t−1}) / (1 − ᾱ_t)) · x_t
  ///     variance = β_t · (1 − ᾱ_{t−1}) / (1 − ᾱ_t)
  ///
  /// With `ᾱ_{−1} = 1`: the step before the first gives `x_0` itself, of variance 0.
  ///
  /// - Shape: `x_0[N, …], x_t[N, …], t[N] → mean[N, …], variance[N, 1, …]`.
  /// - Source: Ho, Jain and Abbeel 2020, equation 7.
  public func posterior(
    start: Tensor, now x: Tensor, at t: Tensor, file: String = #fileID, line: Int = #line
  ) -> (mean: Tensor, variance: Tensor) {
    let before = [1] + signal.dropLast()
    let parts = betas.indices.map { i in (betas[i], signal[i], before[i]) }
    let operands = [("start", start), ("x", x)]
    let mean = formula("posterior", operands, t, file, line) { at in
      at(parts.map { beta, now, before in before.squareRoot() * beta / (1 - now) }) * start
        + at(parts.map { beta, now, before in (1 - beta).squareRoot() * (1 - before) / (1 - now) })
        * x
    }
    let variance = formula("posterior", operands, t, file, line) { at in
      at(parts.map { beta, now, before in beta * (1 - before) / (1 - now) })
    }
    return (mean, variance)
  }

  /// Returns a draw of `x_{t−1}`, given the noise that a network finds in `x_t`; at step 0 the mean.
  ///
  ///     x_{t−1} = (x_t − β_t / √(1 − ᾱ_t) · noise) / √α_t + √variance · ε
  ///
  /// - Shape: `x_t[N, …], t[N], noise[N, …] → x_{t−1}[N, …]`.
  /// - Source: Ho, Jain and Abbeel 2020, algorithm 2, with the posterior's variance.
  public func denoised(
    _ x: Tensor, at t: Tensor, noise: Tensor, key: RandomKey, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let origin = start(of: x, at: t, noise: noise, file: file, line: line)
    if origin.error != nil { return origin }
    let (mean, variance) = posterior(start: origin, now: x, at: t, file: file, line: line)
    if mean.error != nil { return mean }
    // √0 has no slope: the first step must not make one.
    let deviation = (variance + 1e-30).sqrt().where(variance .> 0, else: variance)
    return mean + deviation * Tensor.normal(x.shape, dtype: x.dtype, key: key)
  }

  /// Checks operands and gives the formula a way to look up a list by step, as `[N, 1, …]`.
  private func formula(
    _ name: String, _ operands: [(String, Tensor)], _ t: Tensor, _ file: String, _ line: Int,
    _ body: (([Double]) -> Tensor) -> Tensor
  ) -> Tensor {
    if let failed = (operands.map(\.1) + [t]).first(where: { $0.error != nil }) { return failed }
    let x = operands[0].1
    do throws(Violation) {
      try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
      try require(x.rank > 0, "needs a batch axis, not a scalar")
      for (other, tensor) in operands.dropFirst() {
        try require(
          tensor.type == x.type, "\(operands[0].0) is \(x.type), \(other) is \(tensor.type)")
      }
      try require(
        t.dtype == .int32 || t.dtype == .int64, "steps are of i32 or i64, not \(t.dtype)")
      try require(t.shape == [x.shape[0]], "steps \(t.shape) are not one for each sample")
    } catch {
      return Tensor(
        error: TensorError(
          operation: name, reason: error.reason,
          operands: (operands + [("t", t)]).map { .init(name: $0.0, type: $0.1.type) },
          layerPath: LayerScope.current?.path, site: CallSite(file: file, line: line)))
    }
    let index = t.withoutNegatives(else: count)
    let column = [x.shape[0]] + Array(repeating: 1, count: x.rank - 1)
    return body { values in
      Tensor(values, dtype: x.dtype).gathered(index, axis: 0, file: file, line: line)
        .reshaped(to: column)
    }
  }
}
