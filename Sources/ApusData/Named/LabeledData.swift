import ApusCore

/// A data set people know by name, with what its numbers mean.
public struct LabeledData: Sendable {
  /// Columns `"inputs"` and `"targets"` (class codes, `int32`).
  public let dataset: TensorDataset
  /// The name of every class code.
  public let classNames: [String]
  /// The name of every input feature; empty for images.
  public let featureNames: [String]
  /// Who made the data, and the licence of this copy.
  public let origin: String
}
