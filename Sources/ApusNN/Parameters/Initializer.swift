import ApusCore

/// How the first values of a parameter are drawn.
///
/// Values depend on the seed and the parameter's path alone, so that adding a layer does not change
/// the others. What depends on fans takes those that the layer states, or else ``Fans/init(weight:)``.
/// Settings that make no sense give failed tensors.
public struct Initializer: Sendable, Hashable, CustomStringConvertible {
  /// What the variance is divided by.
  public enum Fan: String, Sendable, CaseIterable { case input, output, average }

  enum Rule: Hashable, Sendable {
    case constant(Double)
    case normal(mean: Double, deviation: Double)
    case uniform(lower: Double, upper: Double)
    case truncatedNormal(mean: Double, deviation: Double, limit: Double)
    case scaledNormal(scale: Double, Fan)
    case scaledUniform(scale: Double, Fan)
    case identity(gain: Double)
    case dirac(groups: Int)
    case orthogonal(gain: Double)
    case sparse(share: Double, deviation: Double)
  }

  let rule: Rule
  public let description: String

  init(_ description: String, _ rule: Rule) {
    self.description = description
    self.rule = rule
  }

  /// What is wrong with the settings.
  var problem: String? {
    switch rule {
    case .constant(let value): Self.unfinite(value)
    case .identity(let gain), .orthogonal(let gain): Self.unfinite(gain)
    case .normal(let mean, let deviation): Self.unfinite(mean) ?? Self.negative(deviation)
    case .uniform(let lower, let upper): Self.unfinite(lower) ?? Self.unfinite(upper)
    case .truncatedNormal(let mean, let deviation, let limit):
      Self.unfinite(mean) ?? Self.negative(deviation)
        ?? (limit > 0 ? nil : "the limit \(limit) is not positive")
    case .scaledNormal(let scale, _), .scaledUniform(let scale, _): Self.negative(scale)
    case .dirac(let groups): groups > 0 ? nil : "\(groups) groups are not a positive number"
    case .sparse(let share, let deviation):
      share >= 0 && share <= 1 ? Self.negative(deviation) : "the share \(share) is not from 0 to 1"
    }
  }

  private static func unfinite(_ value: Double) -> String? {
    value.isFinite ? nil : "\(value) is not finite"
  }

  private static func negative(_ value: Double) -> String? {
    value >= 0 && value.isFinite ? nil : "\(value) is not a finite number from 0"
  }
}
