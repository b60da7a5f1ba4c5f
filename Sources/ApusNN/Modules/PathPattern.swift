/// A pattern over property paths, such as `encoder.**` or `**.bias`.
///
/// Components are separated by dots. `*` stands for any characters within one component, `**` for
/// any number of components, none included; all else stands for itself.
///
/// ```swift
/// PathPattern("encoder.*.weight").matches("encoder.0.weight")      // true
/// PathPattern("encoder.**").matches("encoder.layers.3.norm.bias")  // true
/// ```
public struct PathPattern: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
  public let description: String
  private let components: [Substring]

  public init(_ pattern: String) {
    description = pattern
    components = pattern.split(separator: ".", omittingEmptySubsequences: false)
  }

  public init(stringLiteral pattern: String) { self.init(pattern) }

  /// Every path.
  public static let all = PathPattern("**")

  /// Whether the pattern covers a whole path.
  public func matches(_ path: String) -> Bool {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    return Self.covers(components, parts, any: "**") {
      Self.covers(Array($0), Array($1), any: "*", ==)
    }
  }

  /// Whether a row of symbols covers a row of parts, where `any` covers a run of any length.
  ///
  /// On a mismatch only the last `any` is tried again, one part longer: time is the product of the
  /// lengths, whatever the pattern.
  private static func covers<Symbol: Equatable, Part>(
    _ pattern: [Symbol], _ parts: [Part], any: Symbol, _ equal: (Symbol, Part) -> Bool
  ) -> Bool {
    var (place, next) = (0, 0)
    var retry: (place: Int, next: Int)?
    while next < parts.count {
      if place < pattern.count, pattern[place] == any {
        retry = (place, next)
        place += 1
      } else if place < pattern.count, equal(pattern[place], parts[next]) {
        place += 1
        next += 1
      } else if let last = retry {
        retry = (last.place, last.next + 1)
        place = last.place + 1
        next = last.next + 1
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == any }
  }
}
