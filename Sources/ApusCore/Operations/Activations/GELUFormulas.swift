/// The Gaussian error linear unit and its slope in simpler operations, accurate in the left tail and
/// defined at infinity, where a product of nothing and infinity would be NaN.
enum GELU {
  /// `x·Φ(x)`.
  static func value(_ x: Tensor) -> Tensor {
    Tensor(0, like: x).where(x .< -40, else: x * share(x))
  }

  /// `Φ(x) + x·φ(x)`.
  static func slope(_ x: Tensor) -> Tensor {
    let density = height * (-0.5 * x * x).exp()
    return share(x) + Tensor(0, like: x).where(x.abs() .> 40, else: x * density)
  }

  /// `x / (1 + e⁻ᵘ)` with `u = √(8/π)·(x + 0.044715·x³)`.
  static func tanhValue(_ x: Tensor) -> Tensor {
    let e = tanhPower(limited(x))
    let share = Tensor(1, like: x).where(x .>= 0, else: e) / (1 + e)
    return Tensor(0, like: x).where(x .< -limit, else: x * share)
  }

  /// The slope at `-|x|`, and the rest to 1 on the other side.
  static func tanhSlope(_ x: Tensor) -> Tensor {
    let a = limited(x)
    let e = tanhPower(a)
    let share = 1 / (1 + e)
    let rise = a * (a * a * (3 * bend) + line)
    let left = share * e * (1 - share * rise)
    return left.where(x .< 0, else: 1 - left)
  }

  private static let height = 1 / (2 * Double.pi).squareRoot()
  private static let line = (8 / Double.pi).squareRoot()
  private static let bend = 0.044715 * line
  /// Beyond it, `e⁻ᵘ` is nothing.
  private static let limit = 14.0

  /// `Φ(x)`.
  private static func share(_ x: Tensor) -> Tensor {
    let root = 0.5.squareRoot()
    return 0.5 * (x * -root).erfc()
  }

  private static func limited(_ x: Tensor) -> Tensor {
    minimum(x.abs(), Tensor(limit, like: x))
  }

  private static func tanhPower(_ a: Tensor) -> Tensor {
    (-(a * (a * a * bend + line))).exp()
  }
}
