import ApusCore

/// What became of each value when weights went from one place to another.
public struct TransferReport: Sendable, Hashable, CustomStringConvertible {
  /// What became of a parameter or buffer of the model.
  public enum Outcome: Sendable, Hashable {
    /// Got the value of that name in the source.
    case matched(source: String)
    /// The source has no such name.
    case missing
    /// The source's value has another dtype or shape.
    case mismatched(source: String, type: TensorType)
  }

  /// A parameter or buffer of the model.
  public struct Entry: Sendable, Hashable {
    public let path: String
    /// Its dtype and shape; `nil` when the model had seen no input.
    public let type: TensorType?
    public let outcome: Outcome
  }

  /// A value of the source that the model has no place for.
  public struct Unexpected: Sendable, Hashable {
    /// The name in the source.
    public let name: String
    /// The name it was looked for under, after renaming.
    public let path: String
    public let type: TensorType
  }

  /// One per parameter and buffer asked for, in the model's order.
  public let entries: [Entry]
  /// In the source's order.
  public let unexpected: [Unexpected]
  /// Names that renaming makes one: the first was taken.
  public let colliding: [String]

  /// Paths that got a value.
  public var matched: [String] { paths { if case .matched = $0 { true } else { false } } }
  /// Paths that the source does not have.
  public var missing: [String] { paths { $0 == .missing } }
  /// Paths whose value has another dtype or shape in the source.
  public var mismatched: [String] { paths { if case .mismatched = $0 { true } else { false } } }
  /// Whether every place got its value, and every value found its place.
  public var isComplete: Bool {
    matched.count == entries.count && unexpected.isEmpty && colliding.isEmpty
  }

  /// What does not fit, one per line; `noun` names the source.
  package func problems(_ noun: String = "source") -> [String] {
    let entries: [String] = self.entries.compactMap { entry in
      switch entry.outcome {
      case .matched: return nil
      case .missing: return "missing: \(entry.path)\(entry.type.map { " \($0)" } ?? "")"
      case .mismatched(_, let type):
        let own = entry.type.map { "\($0)" } ?? "unknown"
        return "mismatched: \(entry.path) is \(own) in the model, \(type) in the \(noun)"
      }
    }
    return entries + unexpected.map { "unexpected: \($0.name) \($0.type)" }
      + colliding.map { "twice: \($0)" }
  }

  /// The counts, then what does not fit.
  public var description: String {
    let counts =
      "\(matched.count) of \(entries.count) matched, \(missing.count) missing, "
      + "\(mismatched.count) mismatched, \(unexpected.count) unexpected"
    return ([counts] + problems().map { "  " + $0 }).joined(separator: "\n")
  }

  private func paths(where isWanted: (Outcome) -> Bool) -> [String] {
    entries.filter { isWanted($0.outcome) }.map(\.path)
  }
}

/// Weights that do not fit: nothing was changed.
public struct TransferError: Error, Sendable, Hashable, CustomStringConvertible {
  public let report: TransferReport
  public let site: CallSite?

  public var description: String {
    "transfer: the weights do not fit the model: \(report)"
      + (site.map { "\n  called at \($0)" } ?? "")
  }
}
