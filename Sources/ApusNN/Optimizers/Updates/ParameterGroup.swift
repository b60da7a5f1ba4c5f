import ApusCore

/// Settings for some of a model's parameters, chosen by path or by a predicate.
///
/// ```swift
/// options.groups = [
///   .vectors(weightDecay: .zero),                     // biases and weights of norms
///   ParameterGroup("backbone.**", rate: 0.1),
///   ParameterGroup("backbone.stem.**", isFrozen: true),
/// ]
/// ```
/// A parameter may be in several groups: rates multiply, of weight decays the last one given applies,
/// and it is frozen or left out of clipping when one of them says so.
public struct ParameterGroup: Sendable {
  /// A factor of the learning rate.
  public var rate: Double
  /// What takes the place of the optimizer's weight decay.
  public var weightDecay: WeightDecay?
  /// Whether the parameters stay as they are.
  public var isFrozen: Bool
  /// Whether gradients are clipped, and count in their common norm.
  public var isClipped: Bool
  let label: String
  private let covers: @Sendable (_ path: String, _ type: TensorType) -> Bool

  /// Creates a group of parameters by property path.
  public init(
    _ pattern: PathPattern, rate: Double = 1, weightDecay: WeightDecay? = nil,
    isFrozen: Bool = false, isClipped: Bool = true
  ) {
    self.init(
      pattern.description, rate, weightDecay, isFrozen, isClipped,
      { path, _ in pattern.matches(path) })
  }

  /// Creates a group of parameters by a predicate on property path, dtype and shape.
  public init(
    where covers: @escaping @Sendable (_ path: String, _ type: TensorType) -> Bool,
    rate: Double = 1, weightDecay: WeightDecay? = nil, isFrozen: Bool = false,
    isClipped: Bool = true
  ) {
    self.init("where", rate, weightDecay, isFrozen, isClipped, covers)
  }

  /// The parameters of rank 0 and 1: biases, and the weights of norms.
  public static func vectors(rate: Double = 1, weightDecay: WeightDecay? = nil) -> ParameterGroup {
    ParameterGroup("vectors", rate, weightDecay, false, true) { _, type in type.rank <= 1 }
  }

  private init(
    _ label: String, _ rate: Double, _ weightDecay: WeightDecay?, _ isFrozen: Bool,
    _ isClipped: Bool, _ covers: @escaping @Sendable (String, TensorType) -> Bool
  ) {
    self.label = label
    self.rate = rate
    self.weightDecay = weightDecay
    self.isFrozen = isFrozen
    self.isClipped = isClipped
    self.covers = covers
  }

  /// Whether a parameter is in the group.
  public func contains(_ path: String, _ type: TensorType) -> Bool { covers(path, type) }

  func check() throws(TensorError) {
    for (name, value) in [("rate", rate), ("weightDecay", weightDecay?.rate ?? 0)] {
      guard value >= 0, value.isFinite else {
        throw TensorError(
          operation: "ParameterGroup",
          reason: "\(name) \(value) of group \"\(label)\" is not a finite number from 0")
      }
    }
  }
}
