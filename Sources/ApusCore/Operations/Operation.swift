/// One operation of the graph: its name, type rule, gradient and kernel choice in one place.
///
/// Conforming types are small values; their attributes take part in hashing, since equal graphs
/// share a plan.
public protocol Operation: Sendable, Hashable {
  /// The name used in messages and printed graphs.
  var name: String { get }

  /// Attributes as printed after the name, such as `axis: 1`; empty when there are none.
  var attributes: String { get }

  /// Names of the operands as messages show them; missing ones are numbered.
  var operandNames: [String] { get }

  /// The types of the results, or why the operands are refused.
  func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType]

  /// Gradients with respect to each operand, given those of the results.
  ///
  /// `nil` says that no gradient flows: to an operand in the result, from a result in `upstream`.
  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?]

  /// How the CPU executor runs this operation.
  var cpu: CPUKernel { get }

  /// The multiplications with an addition of matrix products and convolutions; elementwise work
  /// counts as none.
  func multiplyAdds(_ operands: [TensorType]) -> Int
}

extension Operation {
  public var attributes: String { "" }
  public var operandNames: [String] { [] }
  public func multiplyAdds(_ operands: [TensorType]) -> Int { 0 }
}

/// An operation that can be written in terms of simpler ones.
///
/// An executor may claim it whole or run the decomposition. Unless stated otherwise its gradient is
/// that of the decomposition.
public protocol Composite: Operation {
  /// The same computation in simpler operations.
  func decomposition(_ operands: [Tensor]) -> [Tensor]
}

extension Composite {
  public func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    decomposedGradient(call, upstream: upstream)
  }
}

/// How the CPU executor runs an operation.
public enum CPUKernel: Sendable, Hashable {
  /// A tile instruction of that name: fused with its neighbours.
  case instruction(String)
  /// A change of view: no work when the reader can follow strides.
  case view
  /// A kernel of its own, in the executor's file of the same stem.
  case kernel
  /// Always its decomposition.
  case decomposition
  /// Nothing to run: a value the plan is given or knows.
  case value
}

/// An operation applied: what a gradient rule sees.
public struct OperationCall: Sendable {
  public let operands: [Tensor]
  public let results: [Tensor]
}
