import ApusCore

/// The largest of several linear functions: `y_u = max over p of (x · weightᵀ + bias)_{u,p}`.
///
/// With two pieces a unit can be the ReLU, the absolute value or any line; with more, it comes near
/// any convex function.
///
/// - Shape: `x[batch…, in] → y[batch…, units]`.
/// - Parameters held: `weight [units · pieces, in]` (Glorot uniform unless given),
///   `bias [units · pieces]` (zeros); the pieces of a unit are neighbours.
/// - Source: Goodfellow et al. 2013, "Maxout networks".
public final class Maxout: Layer, CustomStringConvertible {
  public let units: Int
  public let pieces: Int
  public let weight: Parameter
  public let bias: Parameter

  public init(_ units: Int, pieces: Int = 2, weight: Initializer = .glorotUniform) {
    self.units = units
    self.pieces = pieces
    self.weight = Parameter(weight)
    bias = Parameter(.zeros)
  }

  public func build(for x: TensorType) throws(Violation) {
    try require(units > 0, "\(units) units are not a positive number")
    try require(pieces > 0, "\(pieces) pieces are not a positive number")
    try require(x.rank > 0, "needs an input with a feature axis, not a scalar")
    let rows = units.timesClamped(pieces)
    let dtype = x.dtype.parameterDType
    try TensorType(dtype, [rows, x[-1]]).checkSize("the weight")
    try weight.allocate(dtype, [rows, x[-1]])
    try bias.allocate(dtype, [rows])
    if let held = weight.type {
      try require(held[1] == x[-1], "takes \(held[1]) features, the input has \(x[-1])")
    }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let rows = x.rank == 1 ? x.expanded(at: 0) : x
    let y = matmul(rows, weight.value.matrixTransposed(), file: at.file, line: at.line)
    let split = (y + bias.value).reshaped(to: y.shape.dims.dropLast() + [units, pieces])
    let best = split.max(axes: [-1])
    return x.rank == 1 ? best.squeezed(axes: [0]) : best
  }

  public var description: String {
    "Maxout(\(weight.type.map { "\($0[1])" } ?? "?") → \(units), \(pieces) pieces)"
  }
}
