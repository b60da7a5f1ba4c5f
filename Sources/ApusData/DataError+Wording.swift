extension DataError: CustomStringConvertible {
  /// `source: what is wrong, with the numbers`.
  public var description: String { "\(source): \(fact.wording)" }
}

extension DataError.Fact {
  var wording: String {
    switch self {
    case .refused(let action, let reason):
      return "cannot \(action): \(reason)"
    case .foreign(let format, let found):
      return found.isEmpty
        ? "not \(format): it is empty" : "not \(format): starts with bytes \(Self.hex(found))"
    case .truncated(let claim, let available):
      return "truncated: \(claim), file has \(available)"
    case .trailing(let count):
      return "\(count) byte\(count == 1 ? "" : "s") after the end of the data"
    case .unsupported(let what):
      return "unsupported: \(what)"
    case .corrupt(let what):
      return "corrupt: \(what)"
    case .checksum(let what, let expected, let found):
      return "corrupt: \(what) should be \(expected), is \(found)"
    case .missingLibrary(let library, let purpose):
      return "\(purpose) needs \(library), which was not found on this machine"
    case .cell(let row, let column, let problem):
      return "row \(row), column \(column): \(problem)"
    case .row(let row, let problem):
      return "row \(row): \(problem)"
    case .unknown(let kind, let name, let known):
      return "no \(kind) named \"\(name)\"; there are: \(Self.list(known))"
    case .mismatch(let what):
      return what
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }

  private static func list(_ names: [String], limit: Int = 12) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(limit).map { "\"\($0)\"" }.joined(separator: ", ")
    return names.count > limit ? "\(shown), … (\(names.count) in all)" : shown
  }
}
