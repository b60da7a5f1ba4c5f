import ApusCore

/// Everything reflection finds in a module, with its paths.
package struct ModuleTree: Sendable {
  package let parameters: [(path: String, parameter: Parameter)]
  package let buffers: [(path: String, buffer: Buffer)]
  /// The module itself first, under the empty path.
  package let modules: [(path: String, module: any Module)]
  /// The module whose property a variable is, by identity.
  let owners: [ObjectIdentifier: ObjectIdentifier]

  /// Walks a module.
  package init(_ root: any Module) {
    var walk = ModuleWalk()
    walk.enter(root, path: "")
    parameters = walk.parameters
    buffers = walk.buffers
    modules = walk.modules
    owners = walk.owners
    for (path, parameter) in parameters + walk.derived { parameter.variable.path = path }
    for (path, buffer) in buffers { buffer.variable.path = path }
  }
}

/// The walk through stored properties.
struct ModuleWalk {
  var parameters: [(path: String, parameter: Parameter)] = []
  var buffers: [(path: String, buffer: Buffer)] = []
  var modules: [(path: String, module: any Module)] = []
  var owners: [ObjectIdentifier: ObjectIdentifier] = [:]
  /// Parameters computed from others, which are listed in their place.
  var derived: [(path: String, parameter: Parameter)] = []
  private var seen: Set<ObjectIdentifier> = []
  private var owner: ObjectIdentifier?

  mutating func enter(_ module: any Module, path: String) {
    guard seen.insert(ObjectIdentifier(module)).inserted else { return }
    modules.append((path, module))
    let outer = owner
    owner = ObjectIdentifier(module)
    defer { owner = outer }
    if let wrapper = module as? any TransparentModule {
      enter(wrapper.wrapped, path: path)
    } else if let container = module as? any ModuleContainer {
      for (label, value) in container.namedContents { visit(value, Self.join(path, label)) }
    } else {
      var mirrors: [Mirror] = []
      var next: Mirror? = Mirror(reflecting: module)
      while let mirror = next {
        mirrors.insert(mirror, at: 0)
        next = mirror.superclassMirror
      }
      let names = (module as? any RenamingParts)?.partNames ?? [:]
      for mirror in mirrors { visitChildren(of: mirror, path: path, names) }
    }
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
      add(parameter, Self.renamed(path, parameter.name))
    } else if let buffer = value as? Buffer {
      add(buffer, Self.renamed(path, buffer.name))
    } else if let module = value as? any Module {
      enter(module, path: path)
    } else if !(value is Tensor || value is String || value is Shape) {
      visitParts(of: value, path)
    }
  }

  /// Whether a variable is met for the first time.
  private mutating func note(_ variable: Variable) -> Bool {
    guard seen.insert(ObjectIdentifier(variable)).inserted else { return false }
    owners[ObjectIdentifier(variable)] = owner
    return true
  }

  private mutating func visitParts(of value: Any, _ path: String) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      for child in mirror.children { visit(child.value, path) }
    case .collection:
      for (index, child) in mirror.children.enumerated() {
        if index == 0, !Self.mayHold(child.value) { return }
        visit(child.value, Self.join(path, "\(index)"))
      }
    case .dictionary:
      // A dictionary has no order of its own; names do.
      var entries: [(key: String, value: Any)] = []
      for child in mirror.children {
        let pair = Array(Mirror(reflecting: child.value).children)
        guard pair.count == 2, Self.mayHold(pair[1].value) else { return }
        entries.append(("\(pair[0].value)", pair[1].value))
      }
      for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
        visit(value, Self.join(path, key))
      }
    case .struct, .tuple, .enum: visitChildren(of: mirror, path: path)
    default: break
    }
  }

  private mutating func add(_ parameter: Parameter, _ path: String) {
    guard note(parameter.variable) else { return }
    guard let rule = parameter.derivation.rule else {
      parameters.append((path, parameter))
      return
    }
    derived.append((path, parameter))
    for (name, part) in DerivationState.parts(of: rule) {
      if let part = part as? Parameter { add(part, path + "_" + name) }
      if let part = part as? Buffer { add(part, path + "_" + name) }
    }
  }

  private mutating func add(_ buffer: Buffer, _ path: String) {
    guard note(buffer.variable) else { return }
    buffers.append((path, buffer))
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

/// A module that lists and names what it holds itself: parameters, buffers and parts.
protocol ModuleContainer: Module {
  var namedContents: [(label: String, value: Any)] { get }
}

/// A module that lends its path to the one it wraps, so that wrapping renames nothing.
protocol TransparentModule: Module {
  var wrapped: any Module { get }
}
