infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
infix operator .^ : LogicalDisjunctionPrecedence
prefix operator .!

/// Arithmetic between tensors broadcasts by NumPy's rule; both sides have the same dtype. A number
/// takes the dtype of the tensor beside it. Integer division truncates, and by zero gives zero.
extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.add(a, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.subtract(a, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.multiply(a, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.divide(a, b) }
  /// The remainder of truncating division, with the sign of `a`.
  public static func % (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.remainder(a, b) }
  public static prefix func - (x: Tensor) -> Tensor { apply(UnaryOperation.negate, [x]) }

  public static func + (a: Tensor, b: Double) -> Tensor { a + Tensor(b, like: a) }
  public static func + (a: Double, b: Tensor) -> Tensor { Tensor(a, like: b) + b }
  public static func - (a: Tensor, b: Double) -> Tensor { a - Tensor(b, like: a) }
  public static func - (a: Double, b: Tensor) -> Tensor { Tensor(a, like: b) - b }
  public static func * (a: Tensor, b: Double) -> Tensor { a * Tensor(b, like: a) }
  public static func * (a: Double, b: Tensor) -> Tensor { Tensor(a, like: b) * b }
  public static func / (a: Tensor, b: Double) -> Tensor { a / Tensor(b, like: a) }
  public static func / (a: Double, b: Tensor) -> Tensor { Tensor(a, like: b) / b }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
}

/// Pointwise comparison gives a tensor of `bool`, as Swift's SIMD types do.
extension Tensor {
  public static func .== (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.equal(a, b) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.notEqual(a, b) }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.less(a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.lessOrEqual(a, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.greater(a, b) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.greaterOrEqual(a, b) }

  public static func .== (a: Tensor, b: Double) -> Tensor { a .== Tensor(b, like: a) }
  public static func .!= (a: Tensor, b: Double) -> Tensor { a .!= Tensor(b, like: a) }
  public static func .< (a: Tensor, b: Double) -> Tensor { a .< Tensor(b, like: a) }
  public static func .<= (a: Tensor, b: Double) -> Tensor { a .<= Tensor(b, like: a) }
  public static func .> (a: Tensor, b: Double) -> Tensor { a .> Tensor(b, like: a) }
  public static func .>= (a: Tensor, b: Double) -> Tensor { a .>= Tensor(b, like: a) }
}

/// Logic on `bool`, bitwise on integers.
extension Tensor {
  public static func .& (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.and(a, b) }
  public static func .| (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.or(a, b) }
  public static func .^ (a: Tensor, b: Tensor) -> Tensor { BinaryOperation.xor(a, b) }
  public static prefix func .! (x: Tensor) -> Tensor { apply(UnaryOperation.logicalNot, [x]) }
}

/// Returns the larger of two elements; NaN when either is.
public func maximum(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  BinaryOperation.maximum(a, b, at: CallSite(file: file, line: line))
}

/// Returns the smaller of two elements; NaN when either is.
public func minimum(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  BinaryOperation.minimum(a, b, at: CallSite(file: file, line: line))
}

/// Returns `a` raised to `b`, as C's `pow`.
public func pow(
  _ a: Tensor, _ b: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  BinaryOperation.power(a, b, at: CallSite(file: file, line: line))
}

/// Returns `a` raised to a number.
public func pow(
  _ a: Tensor, _ b: Double, file: String = #fileID, line: Int = #line
) -> Tensor {
  BinaryOperation.power(a, Tensor(b, like: a), at: CallSite(file: file, line: line))
}

/// Returns the angle of the point `(x, y)` in radians, in `(-π, π]`.
public func atan2(
  _ y: Tensor, _ x: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  BinaryOperation.atan2(y, x, at: CallSite(file: file, line: line))
}
