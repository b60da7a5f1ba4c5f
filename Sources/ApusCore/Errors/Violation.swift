/// Why a type rule refuses its operands: the reason alone, with the numbers.
///
/// The call that applied the rule adds operation, operands and place, making a ``TensorError``.
public struct Violation: Error, Sendable, Hashable {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
}

/// Throws a ``Violation`` unless `condition` holds.
public func require(
  _ condition: Bool, _ reason: @autoclosure () -> String
) throws(Violation) {
  if !condition { throw Violation(reason()) }
}
