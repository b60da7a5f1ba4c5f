/// What an elementwise row is in StableHLO.
package enum StableHLOForm: Sendable {
  /// A direction of `stablehlo.compare`.
  package enum Comparison: String, Sendable { case EQ, NE, LT, LE, GT, GE }

  /// An operation that keeps the type of its operands.
  case operation(String, dialect: String = "stablehlo")
  /// An operation of signed numbers, and a formula for unsigned ones.
  case signed(String, ofUnsigned: @Sendable (Tensor) -> Tensor)
  /// An operation that divides: by zero, integers give zero.
  case division(String)
  case comparison(Comparison)
  /// A formula in other operations; 16-bit numbers are computed in 32 bits.
  case composed(@Sendable ([Tensor]) -> Tensor)

  /// A formula of one operand.
  static func formula(_ formula: @escaping @Sendable (Tensor) -> Tensor) -> StableHLOForm {
    .composed { formula($0[0]) }
  }

  /// An operation of the client dialect, which stands for several of StableHLO.
  static func client(_ name: String) -> StableHLOForm { .operation(name, dialect: "chlo") }
}
