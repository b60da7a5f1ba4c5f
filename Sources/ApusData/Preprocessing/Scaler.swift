import ApusCore

/// An affine map per feature, learned from training data: `y = (x − offset) / scale`.
public protocol Scaler: Sendable, Codable {
  /// Learns from the training data, `x[N, F]`.
  ///
  /// - Throws: `DataError` for another rank, no rows, or naming row and column of a value that is
  ///   NaN or infinite.
  init(fitting x: HostArray) throws

  /// What is subtracted from every feature.
  var offset: [Double] { get }
  /// What every feature is then divided by; never zero.
  var scale: [Double] { get }
}

extension Scaler {
  /// Returns `y = (x − offset) / scale`.
  ///
  /// - Shape: `x[N, F] → y[N, F]`, `float32` or, from it, `float64`.
  /// - Throws: `DataError` for another number of features, or a value that is NaN or infinite.
  public func apply(_ x: HostArray) throws -> HostArray {
    try mapped(x) { ($0 - offset[$1]) / scale[$1] }
  }

  /// Returns `x = y · scale + offset`.
  public func invert(_ y: HostArray) throws -> HostArray {
    try mapped(y) { $0 * scale[$1] + offset[$1] }
  }

  /// Returns a data set with one column scaled.
  public func apply(to dataset: TensorDataset, column: String = "inputs") throws -> TensorDataset {
    try dataset.replacing(column, with: apply(dataset.array(column)))
  }

  private func mapped(_ x: HostArray, _ map: (Double, Int) -> Double) throws -> HostArray {
    let table = try FeatureTable(x)
    guard offset.count == scale.count else {
      throw DataError(
        "scaler",
        .mismatch(
          "has \(offset.count) offsets and \(scale.count) scales"))
    }
    guard table.features == offset.count else {
      throw DataError(
        "scaler",
        .mismatch(
          "fitted on \(offset.count) features, the data has \(table.features)"))
    }
    let values = table.values.enumerated().map { map($1, $0 % table.features) }
    let isDouble = x.dtype == .float64
    let bytes =
      isDouble
      ? values.withUnsafeBytes { Array($0) }
      : values.map { Float($0) }.withUnsafeBytes { Array($0) }
    return try HostArray(dtype: isDouble ? .float64 : .float32, shape: x.shape, bytes: bytes)
  }
}

/// Finite numbers in rows of features.
struct FeatureTable {
  let rows: Int
  let features: Int
  let values: [Double]

  init(_ x: HostArray) throws {
    guard x.shape.count == 2, x.shape[0] > 0, x.shape[1] > 0 else {
      throw DataError("scaler", .mismatch("needs rows of features [N, F], has shape \(x.shape)"))
    }
    rows = x.shape[0]
    features = x.shape[1]
    values = x.doubles()
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw DataError(
        "scaler",
        .cell(
          row: bad / features + 1, column: String(bad % features + 1),
          problem: values[bad].isNaN ? "is NaN" : "is infinite"))
    }
  }

  /// The values of one feature.
  func feature(_ index: Int) -> [Double] {
    stride(from: index, to: values.count, by: features).map { values[$0] }
  }
}

/// Scales every feature of the training data to 0…1: `y = (x − min) / (max − min)`.
///
/// A constant feature is only shifted, to 0, as scikit-learn does.
public struct MinMaxScaler: Scaler, Hashable {
  public let offset: [Double]
  public let scale: [Double]

  public init(fitting x: HostArray) throws {
    let table = try FeatureTable(x)
    let ranges = (0..<table.features).map { index in
      table.feature(index).reduce(into: (Double.infinity, -Double.infinity)) { range, value in
        range = (min(range.0, value), max(range.1, value))
      }
    }
    offset = ranges.map(\.0)
    scale = ranges.map { $0.1 > $0.0 ? $0.1 - $0.0 : 1 }
  }
}

/// Gives every feature of the training data mean 0 and variance 1: `y = (x − mean) / σ`.
///
/// σ² is the mean squared deviation (divided by N). A constant feature is only shifted, to 0, as
/// scikit-learn does.
public struct StandardScaler: Scaler, Hashable {
  public let offset: [Double]
  public let scale: [Double]

  public init(fitting x: HostArray) throws {
    let table = try FeatureTable(x)
    let count = Double(table.rows)
    var means: [Double] = []
    var deviations: [Double] = []
    for index in 0..<table.features {
      let values = table.feature(index)
      let mean = values.reduce(0, +) / count
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      // Rounding alone leaves a variance of about (N · ε · mean)²; scikit-learn's bound.
      let error = count * mean * .ulpOfOne
      let noise = count * .ulpOfOne * variance + error * error
      means.append(mean)
      deviations.append(variance <= noise ? 1 : variance.squareRoot())
    }
    offset = means
    scale = deviations
  }
}
