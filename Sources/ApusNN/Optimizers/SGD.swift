import ApusCore

/// Gradient descent, with momentum (Polyak 1964) and looking ahead (Nesterov 1983) if wanted.
///
///     g ← g + weightDecay·p
///     v ← momentum·v + g
///     p ← p − η·v            // nesterov: p − η·(g + momentum·v)
public struct SGD: Optimizer {
  public var learningRate: Double
  public var momentum: Double
  public var nesterov: Bool
  public var weightDecay: Double

  public init(
    learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  public var name: String { "SGD" }
  public var slots: [String] { momentum == 0 ? [] : ["velocity"] }
  public var settings: [String: Double] {
    ["momentum": momentum, "nesterov": nesterov ? 1 : 0, "weightDecay": weightDecay]
  }

  public func scalars(rate: Double, step: Int) -> [Double] { [rate, 1] }

  public func update(
    _ parameter: Tensor, gradient: Tensor, state: [Tensor], scalars: Tensor
  ) -> (parameter: Tensor, state: [Tensor]) {
    if momentum == 0 {
      return (parameter - scalars[0] * decayed(gradient, parameter, weightDecay), [])
    }
    let (p, v) = sgdMomentumUpdate(
      parameter, gradient: gradient, velocity: state.slot(0), scalars: scalars, momentum: momentum,
      nesterov: nesterov, weightDecay: weightDecay)
    return (p, [v])
  }
}
