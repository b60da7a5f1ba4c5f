import ApusCore

extension RestrictedBoltzmannMachine {
  /// Returns the mean of the visible units given hidden ones: probabilities, or the means of
  /// Gaussian units.
  ///
  /// - Shape: `h[batch…, hidden] → v[batch…, visible]`.
  public func visible(
    given h: Tensor, _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if h.error != nil { return h }
    return scoped(context, file: file, line: line) { _ in
      let at = CallSite(file: file, line: line)
      guard let held = weight.type else {
        return refusal("has seen no visible units yet", [("h", h)], at)
      }
      guard h.dtype == held.dtype, h.rank >= 2, h.shape[-1] == held[0] else {
        return refusal(
          "needs \(held.dtype)[batch…, \(held[0])] of hidden units", [("h", h)], at)
      }
      return visibleMean(h)
    }
  }

  /// Returns the free energy `F(v)`: `p(v)` is `e^(−F(v))`, but for a constant factor.
  ///
  /// - Shape: `v[batch…, visible] → F[batch…]`.
  /// - Source: Hinton 2010, section 16.1.
  public func freeEnergy(
    _ v: Tensor, _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    called(v, context, file, line) { _ in
      let hidden = hiddenInput(v).softplus().sum(axes: [-1])
      switch visibleUnits {
      case .bernoulli: return -(v * visibleBias.value).sum(axes: [-1]) - hidden
      case .gaussian:
        return 0.5 * (v - visibleBias.value).square().sum(axes: [-1]) - hidden
      }
    }
  }

  /// Returns visible units after `steps` rounds of drawing hidden ones given visible ones and visible
  /// ones given hidden ones.
  ///
  /// - Shape: `v[batch…, visible] → v′[batch…, visible]`.
  /// - Source: Geman and Geman 1984; Hinton 2010, section 3.
  public func gibbsSampled(
    _ v: Tensor, steps: Int = 1, _ context: Context? = nil, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    called(v, context, file, line) { context in
      guard (0...100_000).contains(steps) else {
        return refusal(
          "\(steps) steps are not a number from 0 to 100000", [("v", v)],
          CallSite(file: file, line: line))
      }
      if steps == 0 { return v.stoppingGradient() }
      let key = context.nextKey()
      // A loop of the graph: a thousand steps are planned as one.
      let numbers = Tensor.range(steps, dtype: .int64)
      let result = scan(
        initial: [v.stoppingGradient()], over: [numbers], file: file, line: line
      ) { carry, x in
        ([self.sampled(carry[0], key.folding(in: x[0].reshaped(to: Shape([]))))], [])
      }
      return result.carry[0].stoppingGradient()
    }
  }

  /// One round: hidden given visible, visible given hidden.
  private func sampled(_ v: Tensor, _ key: RandomKey) -> Tensor {
    let first = key.folding(in: 0)
    let second = key.folding(in: 1)
    let h = Tensor.bernoulli(hiddenInput(v).sigmoid(), key: first).converted(to: v.dtype)
    let mean = visibleMean(h)
    switch visibleUnits {
    case .bernoulli: return Tensor.bernoulli(mean, key: second).converted(to: v.dtype)
    case .gaussian: return mean + Tensor.normal(v.shape, dtype: v.dtype, key: second)
    }
  }

  /// Returns a number whose gradient is that of contrastive divergence, and the visible units that
  /// the machine came to.
  ///
  ///     loss = mean F(v) − mean F(v′),   v′ after `steps` rounds from v, or from the chain, held fixed
  ///     −∂loss/∂W = ⟨p(h|v)·vᵀ⟩ − ⟨p(h|v′)·v′ᵀ⟩
  ///
  /// The number itself tells little: watch the mean free energy of data not trained on, or the
  /// reconstruction.
  ///
  /// - Parameters:
  ///   - steps: The `k` of CD-k.
  ///   - chain: What the call before returned, for persistent contrastive divergence; `nil` starts at
  ///     the data.
  /// - Source: Hinton 2002; Tieleman 2008 (persistent chains).
  public func contrastiveDivergence(
    _ v: Tensor, steps: Int = 1, chain: Tensor? = nil, _ context: Context? = nil,
    file: String = #fileID, line: Int = #line
  ) -> (loss: Tensor, chain: Tensor) {
    let start = chain ?? v
    let end = gibbsSampled(start, steps: steps, context, file: file, line: line)
    let data = freeEnergy(v, context, file: file, line: line).mean(file: file, line: line)
    let model = freeEnergy(end, context, file: file, line: line).mean(file: file, line: line)
    for part in [data, model, end] where part.error != nil { return (part, part) }
    return (data - model, end)
  }
}
