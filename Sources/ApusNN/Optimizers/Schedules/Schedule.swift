import ApusCore

/// The learning rate over the course of training, as a factor of the optimizer's.
///
/// A schedule is a value: the rate is an input of the training step, so it costs no recompilation.
/// Schedules are followed, warmed up and multiplied:
///
/// ```swift
/// let schedule = Schedule.cosine(steps: 900).warmedUp(steps: 100)
/// ```
public struct Schedule: Sendable, CustomStringConvertible {
  public let description: String
  /// What is wrong with the settings; a list, so that schedules without mistakes stay small.
  private let mistakes: [TensorError]
  /// Whether the factor is always 1.
  package let isConstant: Bool
  private let factor: @Sendable (Int) -> Double

  /// Creates a schedule from the number of finished updates.
  public init(_ description: String, _ factor: @escaping @Sendable (_ step: Int) -> Double) {
    self.init(description, problem: nil, factor)
  }

  /// Creates a schedule, or one that tells what is wrong with it.
  init(
    _ description: String, problem: String?, isConstant: Bool = false,
    _ factor: @escaping @Sendable (Int) -> Double
  ) {
    self.description = description
    self.isConstant = isConstant
    self.factor = factor
    mistakes = Self.mistakes(description, problem)
  }

  /// Creates a schedule made of others, whose mistakes it has.
  init(
    _ description: String, of parts: [Schedule], problem: String? = nil,
    _ factor: @escaping @Sendable (Int) -> Double
  ) {
    self.description = description
    isConstant = false
    self.factor = factor
    mistakes = parts.flatMap(\.mistakes) + Self.mistakes(description, problem)
  }

  private static func mistakes(_ description: String, _ problem: String?) -> [TensorError] {
    problem.map { [TensorError(operation: "Schedule", reason: "\(description): \($0)")] } ?? []
  }

  /// What is wrong with the settings; factors are then NaN, and trainers throw it.
  public var error: TensorError? { mistakes.first }

  /// The factor after `step` updates.
  public func factor(at step: Int) -> Double {
    mistakes.isEmpty ? factor(max(step, 0)) : .nan
  }
}

/// What is wrong with settings of schedules.
enum ScheduleProblem {
  static func notPositive(_ numbers: (name: String, value: Int)...) -> String? {
    numbers.first { $0.value < 1 }.map { "\($0.name) \($0.value) is not a positive number" }
  }

  static func negative(_ numbers: (name: String, value: Double)...) -> String? {
    numbers.first { !($0.value >= 0 && $0.value.isFinite) }
      .map { "\($0.name) \($0.value) is not a finite number from 0" }
  }

  static func notRising(_ name: String, _ steps: [Int]) -> String? {
    let isRising = zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
    return isRising && steps.allSatisfy { $0 >= 0 }
      ? nil : "\(name) \(steps) are not rising numbers from 0"
  }
}
