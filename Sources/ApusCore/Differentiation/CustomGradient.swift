/// The identity on values computed elsewhere, with a gradient rule of the user's.
package struct CustomGradient: Operation {
  /// Names the rule: equal only to itself.
  package final class Rule: Sendable {
    let pullback: @Sendable ([Tensor]) -> [Tensor]
    init(_ pullback: @escaping @Sendable ([Tensor]) -> [Tensor]) { self.pullback = pullback }
  }

  let rule: Rule
  let resultCount: Int

  package var name: String { "customGradient" }
  package var cpu: CPUKernel { .view }

  /// Operands are the computed results, then the arguments of the function.
  package func resultTypes(_ operands: [TensorType]) -> [TensorType] {
    Array(operands[..<resultCount])
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let arguments = call.operands[resultCount...]
    let cotangents = zip(call.results, upstream).map { $1 ?? Tensor(0, like: $0) }
    let gradients = rule.pullback(cotangents)
    let none: [Tensor?] = Array(repeating: nil, count: resultCount)
    guard gradients.count == arguments.count else {
      let error = TensorError(
        operation: name,
        reason: "the rule gave \(gradients.count) gradients for \(arguments.count) arguments",
        site: call.results[0].node.site)
      return none + arguments.map { _ in Tensor(error: error) }
    }
    return none
      + zip(arguments, gradients).map { argument, gradient in
        if gradient.error != nil || gradient.type == argument.type { return gradient }
        return Tensor(
          error: TensorError(
            operation: name,
            reason: "the rule gave a gradient of type \(gradient.type) for \(argument.type)",
            site: call.results[0].node.site))
      }
  }

  package static func == (a: Self, b: Self) -> Bool { a.rule === b.rule }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(rule)) }
}

/// Returns `function(arguments)` with its gradient given by a rule instead of derived.
///
/// - Parameters:
///   - function: Computes the results.
///   - pullback: Receives the gradients of the results, returns one gradient per argument, of the
///     argument's type.
public func withCustomGradient(
  _ arguments: [Tensor], file: String = #fileID, line: Int = #line,
  function: ([Tensor]) -> [Tensor], pullback: @escaping @Sendable ([Tensor]) -> [Tensor]
) -> [Tensor] {
  let results = function(arguments.map { $0.stoppingGradient() })
  return record(
    CustomGradient(rule: .init(pullback), resultCount: results.count), results + arguments,
    results: results.count, at: CallSite(file: file, line: line))
}
