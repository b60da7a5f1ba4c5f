import ApusCore
import CApusResources

/// Fisher's irises: 150 flowers of three species, four lengths in centimetres. Embedded.
public enum Iris {
  /// Returns the data: inputs `[150, 4] float32`, targets `[150] int32`.
  ///
  /// - Throws: `DataError` if the embedded table were damaged.
  public static func load() throws -> LabeledData {
    var count = 0
    let bytes = Array(UnsafeBufferPointer(start: apus_iris(&count), count: count))
    let table = try CSVTable(bytes: bytes, source: "embedded iris.csv")
    let features = Array(table.columns.dropLast())
    let species = try table.strings(table.columns.last ?? "species")
    let encoder = try LabelEncoder(fitting: species)
    let codes = try encoder.codes(species)
    let targets = try HostArray(
      dtype: .int32, shape: [codes.count], bytes: codes.withUnsafeBytes { Array($0) })
    return LabeledData(
      dataset: try TensorDataset(["inputs": table.numbers(features), "targets": targets]),
      classNames: encoder.classes, featureNames: features,
      origin: "R. A. Fisher (1936); table of scikit-learn, BSD 3-clause")
  }
}
