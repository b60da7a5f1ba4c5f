/// An elementwise function of two operands of equal shape and dtype: a row of data.
///
/// The public calls broadcast their operands first, by NumPy's rule.
public struct BinaryOperation: Operation {
  /// The dtypes accepted.
  public enum Domain: Sendable { case floating, numeric, any, boolOrInteger }

  /// Gradients of both operands, given `a`, `b`, the result and its gradient.
  typealias Rule =
    @Sendable (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ dy: Tensor) -> (
      Tensor?, Tensor?
    )

  public let name: String
  let instruction: String
  let domain: Domain
  let isPredicate: Bool
  package let stableHLO: StableHLOForm
  let rule: Rule

  init(
    _ name: String, stableHLO: StableHLOForm, instruction: String, on domain: Domain = .numeric,
    isPredicate: Bool = false, gradient: @escaping Rule
  ) {
    self.name = name
    self.instruction = instruction
    self.domain = domain
    self.isPredicate = isPredicate
    self.stableHLO = stableHLO
    self.rule = gradient
  }

  public var cpu: CPUKernel { .instruction(instruction) }

  public func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    try check(a.dtype, b.dtype)
    try require(a.shape == b.shape, "shapes differ: \(a.shape) and \(b.shape)")
    return [isPredicate ? a.with(dtype: .bool) : a]
  }

  func check(_ a: DType, _ b: DType) throws(Violation) {
    try require(a == b, "dtypes differ: a is \(a), b is \(b)")
    switch domain {
    case .floating: try require(a.isFloating, "needs a floating dtype, not \(a)")
    case .numeric: try require(a.isNumeric, "needs a numeric dtype, not \(a)")
    case .boolOrInteger: try require(!a.isFloating, "needs bool or integers, not \(a)")
    case .any: break
    }
  }

  public func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil, nil] }
    let (da, db) = rule(call.operands[0], call.operands[1], call.results[0], dy)
    return [da, db]
  }

  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// Broadcasts the operands against each other and applies the operation.
  func callAsFunction(_ a: Tensor, _ b: Tensor, at site: CallSite? = nil) -> Tensor {
    attempt(name, [a, b], at: site) { () throws(Violation) in
      try check(a.dtype, b.dtype)
      let shape = try a.shape.broadcast(with: b.shape)
      return apply(self, [a.broadcast(to: shape), b.broadcast(to: shape)], at: site)
    }
  }
}
