import ApusCore
import ApusNN

extension Trainer {
  /// The averages of the weights by parameter path; empty without ``UpdateOptions/average``, and
  /// before the first run.
  public var averages: [String: Tensor] {
    if options.average == nil { return [:] }
    let slots = readSlots?() ?? slots
    var result: [String: Tensor] = [:]
    for (path, parameter) in model.parameters {
      guard let average = slots[TrainingState.slotName(UpdateRule.averageSlot, path)],
        let type = parameter.type
      else { continue }
      result[path] = average.converted(to: type.dtype)
    }
    return result
  }

  /// Runs `body` while the parameters have their averages as values, then gives them back their own.
  ///
  /// ```swift
  /// let figures = try trainer.withAverages { try trainer.evaluate(test) }
  /// ```
  public func withAverages<R>(_ body: () throws -> R) throws -> R {
    let averages = averages
    let swapped = model.parameters.filter { averages[$0.path] != nil }
    return try swapping(
      swapped.map(\.parameter.variable), swapped.compactMap { averages[$0.path] }, body)
  }
}
