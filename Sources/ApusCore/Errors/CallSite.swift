/// A place in the user's source.
public struct CallSite: Sendable, Hashable, CustomStringConvertible {
  public let file: String
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  public var description: String { "\(file):\(line)" }
}

/// The layer call being traced: gives operations without a place of their own (operators) one.
public struct LayerScope: Sendable {
  /// The property path of the layer from the model's root, such as `encoder.layers.3`.
  public let path: String
  /// Where the layer was called.
  public let site: CallSite?

  @TaskLocal public static var current: LayerScope?

  public init(path: String, site: CallSite?) {
    self.path = path
    self.site = site
  }
}
