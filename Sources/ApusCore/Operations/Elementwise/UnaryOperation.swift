/// An elementwise function of one operand: a row of data.
///
/// - Shape: `x[…] → y[…]`.
public struct UnaryOperation: Operation {
  /// The dtypes an elementwise operation accepts.
  public enum Domain: Sendable { case floating, numeric, bool }

  public let name: String
  let instruction: String
  let domain: Domain
  let isPredicate: Bool
  package let stableHLO: StableHLOForm
  /// The gradient of `x`, given `x`, `y` and the gradient of `y`; `nil` where none flows.
  let rule: @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor?

  init(
    _ name: String, stableHLO: StableHLOForm, instruction: String? = nil,
    on domain: Domain = .floating, isPredicate: Bool = false,
    gradient: @escaping @Sendable (_ x: Tensor, _ y: Tensor, _ dy: Tensor) -> Tensor?
  ) {
    self.name = name
    self.instruction = instruction ?? name
    self.domain = domain
    self.isPredicate = isPredicate
    self.stableHLO = stableHLO
    self.rule = gradient
  }

  public var cpu: CPUKernel { .instruction(instruction) }

  public func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try domain.check(operands[0].dtype)
    return [isPredicate ? operands[0].with(dtype: .bool) : operands[0]]
  }

  public func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    [upstream[0].flatMap { rule(call.operands[0], call.results[0], $0) }]
  }

  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension UnaryOperation.Domain {
  func check(_ dtype: DType) throws(Violation) {
    switch self {
    case .floating: try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
    case .numeric: try require(dtype.isNumeric, "needs a numeric dtype, not \(dtype)")
    case .bool: try require(dtype == .bool, "needs dtype bool, not \(dtype)")
    }
  }
}

extension Tensor {
  func unary(_ operation: UnaryOperation, _ file: String, _ line: Int) -> Tensor {
    apply(operation, [self], at: CallSite(file: file, line: line))
  }
}
