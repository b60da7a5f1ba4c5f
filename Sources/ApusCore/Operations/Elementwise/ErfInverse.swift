#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The inverse of the error function: `erf(y) = x`.
///
/// - Gradient: `dy · √π/2 · e^(y²)`.
/// - Source: Giles 2010, "Approximating the erfinv function", single precision (relative error below
///   4·10⁻⁷); `float64` is refined by two Newton steps (10⁻¹³ for `|x|` below 0.999).
struct ErfInverse: Composite {
  var name: String { "erfInverse" }
  var cpu: CPUKernel { .decomposition }

  func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.dtype.isFloating, "needs a floating dtype, not \(x.dtype)")
    return [x]
  }

  func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    let w = -((1 - x) * (1 + x)).log()
    let isCentral = w .< 5
    let near = w - 2.5
    // Where the value is not used the root must stay a number.
    let far = maximum(w, Tensor(5, like: w)).sqrt() - 3
    let scale = ErfInverse.polynomial(ErfInverse.central, near)
      .where(isCentral, else: ErfInverse.polynomial(ErfInverse.tail, far))
    var y = scale * x
    if x.dtype == .float64 {
      for _ in 0..<2 {
        let correction = (y.erf() - x) * (Double.pi.squareRoot() / 2) * y.square().exp()
        y = (y - correction).where(x.abs() .< 1, else: y)
      }
    }
    let edge = x.where(x.abs() .<= 1, else: Tensor(.nan, like: x)) * .infinity
    return [y.where(x.abs() .< 1, else: edge)]
  }

  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    return [dy * (Double.pi.squareRoot() / 2) * call.results[0].square().exp()]
  }

  /// The error function of a number.
  static func erf(_ x: Double) -> Double {
    #if canImport(Glibc)
      Glibc.erf(x)
    #elseif canImport(Musl)
      Musl.erf(x)
    #else
      Darwin.erf(x)
    #endif
  }

  private static func polynomial(_ coefficients: [Double], _ x: Tensor) -> Tensor {
    coefficients.dropFirst().reduce(Tensor(coefficients[0], like: x)) { $0 * x + $1 }
  }

  private static let central = [
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
    -0.00417768164, 0.246640727, 1.50140941,
  ]
  private static let tail = [
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
    0.00943887047, 1.00167406, 2.83297682,
  ]
}

extension Tensor {
  /// Returns the inverse of the error function; infinite at -1 and 1, NaN beyond.
  public func erfInverse(file: String = #fileID, line: Int = #line) -> Tensor {
    apply(ErfInverse(), [self], at: CallSite(file: file, line: line))
  }
}
