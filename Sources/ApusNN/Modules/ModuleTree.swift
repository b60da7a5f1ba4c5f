import ApusCore
import Synchronization

/// Everything reflection finds in a module, with its paths.
package struct ModuleTree: Sendable {
  package let parameters: [(path: String, parameter: Parameter)]
  package let buffers: [(path: String, buffer: Buffer)]
  /// The module itself first, under the empty path.
  package let modules: [(path: String, module: any Module)]

  /// Walks a module.
  package init(_ root: any Module) {
    var walk = ModuleWalk()
    walk.enter(root, path: "")
    parameters = walk.parameters
    buffers = walk.buffers
    modules = walk.modules
    for (path, parameter) in parameters { parameter.variable.path = path }
    for (path, buffer) in buffers { buffer.variable.path = path }
  }
}

/// Paths of the parts of modules that have been called, so that calls do not reflect.
enum ModulePaths {
  typealias Paths = [ObjectIdentifier: String]

  private struct Entry: Sendable {
    weak var root: (any Module)?
    let paths: Paths
  }
  private static let cache = Mutex<[ObjectIdentifier: Entry]>([:])

  /// The paths inside a module: walked the first time they are asked for.
  static func of(_ root: any Module) -> Paths {
    let id = ObjectIdentifier(root)
    if let known = cache.withLock({ $0[id] }), known.root === root { return known.paths }
    let modules = ModuleTree(root).modules
    let paths = Dictionary(
      modules.map { (ObjectIdentifier($0.module), $0.path) }, uniquingKeysWith: { a, _ in a })
    cache.withLock { cache in
      if cache.count > 256 { cache = cache.filter { $0.value.root != nil } }
      cache[id] = Entry(root: root, paths: paths)
    }
    return paths
  }
}

/// The walk through stored properties.
struct ModuleWalk {
  var parameters: [(path: String, parameter: Parameter)] = []
  var buffers: [(path: String, buffer: Buffer)] = []
  var modules: [(path: String, module: any Module)] = []
  private var seen: Set<ObjectIdentifier> = []

  mutating func enter(_ module: any Module, path: String) {
    guard seen.insert(ObjectIdentifier(module)).inserted else { return }
    modules.append((path, module))
    if let container = module as? any ModuleContainer {
      for (label, child) in container.namedChildren { visit(child, Self.join(path, label)) }
      return
    }
    var mirrors: [Mirror] = []
    var next: Mirror? = Mirror(reflecting: module)
    while let mirror = next {
      mirrors.insert(mirror, at: 0)
      next = mirror.superclassMirror
    }
    let names = (module as? any RenamingParts)?.partNames ?? [:]
    for mirror in mirrors { visitChildren(of: mirror, path: path, names) }
  }

  private mutating func visitChildren(
    of mirror: Mirror, path: String, _ names: [String: String] = [:]
  ) {
    for (index, child) in mirror.children.enumerated() {
      var label = child.label ?? "\(index)"
      if label.hasPrefix("$__lazy_storage_$_") { label.removeFirst("$__lazy_storage_$_".count) }
      if label.hasPrefix(".") { label.removeFirst() }
      visit(child.value, Self.join(path, names[label] ?? label))
    }
  }

  private mutating func visit(_ value: Any, _ path: String) {
    if let parameter = value as? Parameter {
      guard seen.insert(ObjectIdentifier(parameter.variable)).inserted else { return }
      parameters.append((Self.renamed(path, parameter.name), parameter))
    } else if let buffer = value as? Buffer {
      guard seen.insert(ObjectIdentifier(buffer.variable)).inserted else { return }
      buffers.append((Self.renamed(path, buffer.name), buffer))
    } else if let module = value as? any Module {
      enter(module, path: path)
    } else if !(value is Tensor || value is String || value is Shape) {
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional:
        for child in mirror.children { visit(child.value, path) }
      case .collection:
        for (index, child) in mirror.children.enumerated() {
          if index == 0, !Self.mayHold(child.value) { return }
          visit(child.value, Self.join(path, "\(index)"))
        }
      case .struct, .tuple: visitChildren(of: mirror, path: path)
      default: break
      }
    }
  }

  /// Whether it pays to look at a collection's elements.
  private static func mayHold(_ value: Any) -> Bool {
    !(value is any BinaryInteger || value is any BinaryFloatingPoint || value is String)
  }

  private static func join(_ path: String, _ label: String) -> String {
    path.isEmpty ? label : label.isEmpty ? path : path + "." + label
  }

  private static func renamed(_ path: String, _ name: String?) -> String {
    guard let name else { return path }
    let parent = path.split(separator: ".").dropLast().joined(separator: ".")
    return join(parent, name)
  }
}

/// A module whose parts have other names in files than its properties.
///
/// Published weights then load by name, whatever the properties are called.
/// ```swift
/// final class Block: Layer, RenamingParts {
///   let attentionNorm = LayerNorm()
///   var partNames: [String: String] { ["attentionNorm": "attention.output.LayerNorm"] }
///   …
/// }
/// ```
public protocol RenamingParts: Module {
  /// Path components by property; they may hold dots. An empty one puts the parts of the part in
  /// its place. Properties that are not listed keep their names.
  var partNames: [String: String] { get }
}

/// A module that names its parts itself.
protocol ModuleContainer: Module {
  var namedChildren: [(label: String, child: any Module)] { get }
}
