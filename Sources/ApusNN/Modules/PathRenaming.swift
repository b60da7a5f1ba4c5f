/// How paths of one model or file are called in another.
///
/// ```swift
/// let renaming = PathRenaming.replacingPrefix("bert", with: "encoder")
///   .then(.replacingPrefix("cls", with: "head"))
/// try model.load(from: other, renaming: renaming)
/// ```
public struct PathRenaming: Sendable {
  private let rename: @Sendable (String) -> String?

  /// Creates a renaming from a closure; `nil` leaves a value out.
  public init(_ rename: @escaping @Sendable (String) -> String?) { self.rename = rename }

  /// Every path stays as it is.
  public static let none = PathRenaming { $0 }

  /// Paths below one prefix go below another; the rest stays. Prefixes are whole components; an
  /// empty one stands for the root.
  public static func replacingPrefix(_ prefix: String, with other: String) -> PathRenaming {
    let (old, new) = (components(prefix), components(other))
    return PathRenaming { path in
      let parts = components(path)
      guard parts.starts(with: old) else { return path }
      return (new + parts.dropFirst(old.count)).joined(separator: ".")
    }
  }

  /// Only paths below a prefix remain, without it.
  public static func below(_ prefix: String) -> PathRenaming {
    let old = components(prefix)
    return PathRenaming { path in
      let parts = components(path)
      guard parts.starts(with: old), parts.count > old.count else { return nil }
      return parts.dropFirst(old.count).joined(separator: ".")
    }
  }

  /// Paths of a table get the names beside them; the rest stays.
  public static func table(_ names: [String: String]) -> PathRenaming {
    PathRenaming { names[$0] ?? $0 }
  }

  /// Paths that a pattern covers are left out.
  public static func dropping(_ pattern: PathPattern) -> PathRenaming {
    PathRenaming { pattern.matches($0) ? nil : $0 }
  }

  /// This renaming, followed by another.
  public func then(_ next: PathRenaming) -> PathRenaming {
    PathRenaming { self($0).flatMap { next($0) } }
  }

  /// The new name of a path; `nil` where it is left out.
  public func callAsFunction(_ path: String) -> String? { rename(path) }

  private static func components(_ path: String) -> [Substring] {
    path.split(separator: ".", omittingEmptySubsequences: true)
  }
}
