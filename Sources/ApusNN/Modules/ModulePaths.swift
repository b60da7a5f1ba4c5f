import Synchronization

/// Paths of the parts of modules that have been called, so that calls do not reflect.
final class ModulePaths: Sendable {
  private struct Part: Sendable {
    weak var module: (any Module)?
    let path: String
  }

  private struct Entry: Sendable {
    weak var root: (any Module)?
    let paths: ModulePaths
  }
  private static let cache = Mutex<[ObjectIdentifier: Entry]>([:])

  private let parts: [ObjectIdentifier: Part]

  private init(_ root: any Module) {
    parts = Dictionary(
      ModuleTree(root).modules.map { (ObjectIdentifier($1), Part(module: $1, path: $0)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The path of a part; `nil` when the root did not hold it when it was walked.
  subscript(module: any Module) -> String? {
    // The address alone may by now be that of another object.
    guard let part = parts[ObjectIdentifier(module)], part.module === module else { return nil }
    return part.path
  }

  /// The paths inside a module: walked the first time they are asked for.
  static func of(_ root: any Module) -> ModulePaths {
    let known = cache.withLock { $0[ObjectIdentifier(root)] }
    if let known, known.root === root { return known.paths }
    return walked(root)
  }

  /// The paths inside a module that holds `part`, walked again if it has changed since; `nil` when
  /// it does not hold it.
  static func of(_ root: any Module, holding part: any Module) -> ModulePaths? {
    let known = of(root)
    if known[part] != nil { return known }
    let fresh = walked(root)
    return fresh[part] == nil ? nil : fresh
  }

  private static func walked(_ root: any Module) -> ModulePaths {
    let paths = ModulePaths(root)
    cache.withLock { cache in
      if cache.count > 256 { cache = cache.filter { $0.value.root != nil } }
      cache[ObjectIdentifier(root)] = Entry(root: root, paths: paths)
    }
    return paths
  }
}
