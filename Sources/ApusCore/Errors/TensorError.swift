/// One mistake, told once: which operation, what is wrong with the numbers, on what, and where.
public struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An operand as the message shows it.
  public struct Operand: Sendable, Hashable {
    public let name: String
    public let type: TensorType
    public let origin: CallSite?
    public init(name: String, type: TensorType, origin: CallSite? = nil) {
      self.name = name
      self.type = type
      self.origin = origin
    }
  }

  public let operation: String
  public let reason: String
  public let operands: [Operand]
  public let layerPath: String?
  public let site: CallSite?

  public init(
    operation: String, reason: String, operands: [Operand] = [], layerPath: String? = nil,
    site: CallSite? = nil
  ) {
    self.operation = operation
    self.reason = reason
    self.operands = operands
    self.layerPath = layerPath
    self.site = site
  }

  /// The operation named by errors of devices and their plugins.
  package static let deviceOperation = "xla"

  public var description: String {
    var lines = ["\(operation): \(reason)"]
    for operand in operands {
      let origin = operand.origin.map { " from \($0)" } ?? ""
      lines.append("  \(operand.name): \(operand.type)\(origin)")
    }
    if let layerPath, !layerPath.isEmpty { lines.append("  in layer \(layerPath)") }
    if let site { lines.append("  called at \(site)") }
    return lines.joined(separator: "\n")
  }
}
