/// The figures of a training run, epoch by epoch.
public struct History: Sendable, Hashable, Codable {
  /// One epoch.
  public struct Epoch: Sendable, Hashable, Codable {
    /// Counted from 1.
    public let number: Int
    /// Figures by name, such as `loss`, `accuracy`, `val_loss`, `learning_rate`.
    public let values: [String: Double]
    /// Seconds of training and validation.
    public let seconds: Double
  }

  public internal(set) var epochs: [Epoch] = []
  /// Why the run ended before its last epoch.
  public internal(set) var stopReason: String?

  public init() {}

  /// A figure over the epochs.
  public subscript(name: String) -> [Double] { epochs.compactMap { $0.values[name] } }
}
