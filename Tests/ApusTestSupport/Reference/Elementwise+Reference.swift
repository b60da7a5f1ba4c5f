import ApusCore
import Foundation

extension UnaryOperation: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let x = operands[0]
    if let predicate = UnaryOperation.predicates[name] {
      return [.init(types[0], integers: x.floats.map { predicate($0) ? 1 : 0 })]
    }
    if !x.type.dtype.isFloating {
      guard let function = UnaryOperation.onIntegers[name] else { throw missing(name) }
      return [.init(types[0], integers: x.integers.map(function))]
    }
    guard let function = UnaryOperation.onFloats[name] ?? ReferenceActivations.unary[name] else {
      throw missing(name)
    }
    return [.init(types[0], floats: x.floats.map(function))]
  }

  static let predicates: [String: @Sendable (Double) -> Bool] = [
    "isFinite": { $0.isFinite }, "isNaN": { $0.isNaN }, "isInfinite": { $0.isInfinite },
  ]
  static let onIntegers: [String: @Sendable (Int64) -> Int64] = [
    "negate": { 0 &- $0 }, "abs": { $0 < 0 ? 0 &- $0 : $0 }, "sign": { $0.signum() },
    "square": { $0 &* $0 }, "relu": { max($0, 0) }, "logicalNot": { $0 == 0 ? 1 : 0 },
  ]
  typealias Function = @Sendable (Double) -> Double
  static let onFloats: [String: Function] = arithmetic.merging(transcendental) { a, _ in a }
  static let arithmetic: [String: Function] = [
    "negate": { -$0 }, "abs": { Swift.abs($0) },
    "sign": { $0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
    "square": { $0 * $0 }, "sqrt": { $0.squareRoot() }, "rsqrt": { 1 / $0.squareRoot() },
    "reciprocal": { 1 / $0 }, "relu": { $0.isNaN ? $0 : max($0, 0) },
    "floor": { $0.rounded(.down) }, "ceil": { $0.rounded(.up) },
    "round": { $0.rounded(.toNearestOrEven) }, "truncate": { $0.rounded(.towardZero) },
  ]
  static let transcendental: [String: Function] = [
    "exp": Foundation.exp, "expm1": Foundation.expm1, "log": Foundation.log,
    "log1p": Foundation.log1p, "sin": Foundation.sin, "cos": Foundation.cos, "tan": Foundation.tan,
    "asin": Foundation.asin, "acos": Foundation.acos, "atan": Foundation.atan,
    "sinh": Foundation.sinh, "cosh": Foundation.cosh, "tanh": Foundation.tanh,
    "asinh": Foundation.asinh, "acosh": Foundation.acosh, "atanh": Foundation.atanh,
    "erf": Foundation.erf, "erfc": Foundation.erfc, "sigmoid": { 1 / (1 + Foundation.exp(-$0)) },
    "softplus": { max($0, 0) + Foundation.log1p(Foundation.exp(-Swift.abs($0))) },
  ]
}

extension BinaryOperation: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    let (a, b) = (operands[0], operands[1])
    let isFloating = a.type.dtype.isFloating
    if let truths = isFloating ? truths(a.floats, b.floats) : truths(a.integers, b.integers) {
      return [.init(types[0], integers: truths.map { $0 ? 1 : 0 })]
    }
    if isFloating,
      let function = BinaryOperation.onFloats[name] ?? ReferenceActivations.binary[name]
    {
      return [.init(types[0], floats: zip(a.floats, b.floats).map(function))]
    }
    if !isFloating, let function = BinaryOperation.onIntegers[name] {
      return [.init(types[0], integers: zip(a.integers, b.integers).map(function))]
    }
    throw missing(name)
  }

  /// What a comparison gives; `nil` of other operations.
  private func truths<T: Comparable>(_ a: [T], _ b: [T]) -> [Bool]? {
    switch name {
    case "equal": zip(a, b).map(==)
    case "notEqual": zip(a, b).map(!=)
    case "less": zip(a, b).map(<)
    case "lessOrEqual": zip(a, b).map(<=)
    case "greater": zip(a, b).map(>)
    case "greaterOrEqual": zip(a, b).map(>=)
    default: nil
    }
  }

  static let onFloats: [String: @Sendable (Double, Double) -> Double] = [
    "add": { $0 + $1 }, "subtract": { $0 - $1 }, "multiply": { $0 * $1 }, "divide": { $0 / $1 },
    "remainder": Foundation.fmod, "power": Foundation.pow, "atan2": Foundation.atan2,
    "maximum": { $0.isNaN || $1.isNaN ? .nan : max($0, $1) },
    "minimum": { $0.isNaN || $1.isNaN ? .nan : min($0, $1) },
  ]
  static let onIntegers: [String: @Sendable (Int64, Int64) -> Int64] = [
    "add": { $0 &+ $1 }, "subtract": { $0 &- $1 }, "multiply": { $0 &* $1 },
    "divide": { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue },
    "remainder": { $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue },
    "maximum": { max($0, $1) }, "minimum": { min($0, $1) },
    "and": { $0 & $1 }, "or": { $0 | $1 }, "xor": { $0 ^ $1 },
  ]
}

func missing(_ name: String) -> TensorError {
  TensorError(operation: name, reason: "the reference executor has no rule for these dtypes")
}
