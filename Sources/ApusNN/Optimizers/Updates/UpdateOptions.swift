import ApusCore

/// What an update does besides the optimizer's rule; all of it is part of the compiled step.
///
/// In this order: gradients are gathered over batches, noise is added, they are clipped, the rule
/// moves the parameters with the decay and rate of their groups, constraints hold, averages follow.
public struct UpdateOptions: Sendable {
  public var groups: [ParameterGroup]
  public var clipping: GradientClipping?
  /// How many batches make one update, which sees the mean over all their samples.
  public var accumulation: Int
  /// An average of the weights that is kept beside them.
  public var average: WeightAverage?
  public var constraints: [ParameterConstraint]
  /// Terms of the loss.
  public var penalties: [WeightPenalty]
  public var noise: GradientNoise?

  public init(
    groups: [ParameterGroup] = [], clipping: GradientClipping? = nil, accumulation: Int = 1,
    average: WeightAverage? = nil, constraints: [ParameterConstraint] = [],
    penalties: [WeightPenalty] = [], noise: GradientNoise? = nil
  ) {
    self.groups = groups
    self.clipping = clipping
    self.accumulation = accumulation
    self.average = average
    self.constraints = constraints
    self.penalties = penalties
    self.noise = noise
  }

  /// Whether a group keeps a parameter as it is.
  package func isFrozen(_ path: String, _ type: TensorType) -> Bool {
    groups.contains { $0.isFrozen && $0.contains(path, type) }
  }

  /// Refuses settings that make no sense.
  package func check() throws(TensorError) {
    for group in groups { try group.check() }
    guard (1...1 << 32).contains(accumulation) else {
      throw TensorError(
        operation: "UpdateOptions",
        reason: "accumulation over \(accumulation) batches is not a number from 1 to 2^32")
    }
    try clipping?.check()
    try average?.check()
    for constraint in constraints { try constraint.check() }
    for penalty in penalties { try penalty.check() }
    try noise?.check()
  }
}
