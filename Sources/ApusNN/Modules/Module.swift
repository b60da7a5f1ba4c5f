import ApusCore

/// A part of a model: an object whose stored properties are parameters, buffers and other parts.
///
/// They are found by reflection and named by property path, such as
/// `encoder.layers.3.attention.query.weight`. Superclasses come first, then properties in the order
/// of declaration. Arrays, dictionaries (in the order of their keys), optionals, tuples, structs and
/// enums are walked; a part reached by two paths is counted and saved once, under the first.
///
/// What closures capture, computed properties, and classes that are not modules are not walked; a
/// lazy property is found once it has been read. A layer that is not found but trains anyway is
/// refused.
public protocol Module: AnyObject, Sendable {}

/// A module that maps one tensor to another.
///
/// ```swift
/// final class Perceptron: Layer {
///   let hidden = Dense(30, activation: .relu)
///   let output = Dense(3)
///   func forward(_ x: Tensor, _ context: Context) -> Tensor { output(hidden(x)) }
/// }
/// ```
public protocol Layer: Module {
  /// Sets the shapes of parameters from the first input.
  func build(for input: TensorType) throws(Violation)

  /// Computes the output. Call layers as functions, `layer(x)`, not through this.
  func forward(_ x: Tensor, _ context: Context) -> Tensor
}

extension Layer {
  public func build(for input: TensorType) throws(Violation) {}

  /// Computes the layer's output.
  ///
  /// Without a context, the one of the enclosing layer call applies, and inference at the top.
  /// A mistake inside names this layer's path and this call.
  public func callAsFunction(
    _ x: Tensor, _ context: Context? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    if x.error != nil { return x }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) {
        if context.isTraining { try requireHeld() }
        try build(for: x.type)
      } catch {
        return Tensor(
          error: TensorError(
            operation: "\(Self.self)", reason: error.reason,
            operands: [.init(name: "input", type: x.type)], layerPath: LayerScope.current?.path,
            site: LayerScope.current?.site))
      }
      let y = forward(x, context)
      context.observe(self, output: y)
      return y
    }
  }
}

extension Module {
  /// Refuses to train through a layer whose parameters the model around it does not know of.
  fileprivate func requireHeld() throws(Violation) {
    guard let frame = CallFrame.current, frame.isStray else { return }
    guard parameters.contains(where: { $0.parameter.isTrainable }) else { return }
    throw Violation(
      "its parameters would not be trained: no stored property of the model that calls it holds "
        + "it; keep it in a property (arrays, dictionaries, optionals, tuples, structs and enums "
        + "are looked into, closures and other classes are not), or freeze it")
  }

  /// Runs `body` as a call of this module: mistakes inside name its path and this place.
  ///
  /// For modules with several inputs, whose methods are their own. They tell the summary of their
  /// output by ``Context/observe(_:output:)``.
  public func scoped<R>(
    _ context: Context? = nil, file: String = #fileID, line: Int = #line,
    _ body: (Context) -> R
  ) -> R {
    let outer = CallFrame.current
    let frame = CallFrame(calling: self, context ?? outer?.context ?? .inference, from: outer)
    let scope = LayerScope(path: frame.path, site: CallSite(file: file, line: line))
    return CallFrame.$current.withValue(frame) {
      LayerScope.$current.withValue(scope) { body(frame.context) }
    }
  }
}

/// The module call in progress.
struct CallFrame: Sendable {
  /// The outermost module that holds the one called.
  let root: any Module
  let paths: ModulePaths
  /// The path of the module called, from the root.
  let path: String
  let context: Context
  /// Whether the module was called inside a model that does not hold it.
  let isStray: Bool
  @TaskLocal static var current: CallFrame?

  /// A call inside another, if the module called belongs to the root of that one.
  init(calling module: any Module, _ context: Context, from outer: CallFrame?) {
    self.context = context
    if let outer {
      let paths =
        outer.paths[module] != nil
        ? outer.paths : ModulePaths.of(outer.root, holding: module)
      if let paths, let path = paths[module] {
        (root, self.paths, self.path, isStray) = (outer.root, paths, path, false)
        return
      }
    }
    (root, paths, path, isStray) = (module, ModulePaths.of(module), "", outer != nil)
  }

  private init(_ frame: CallFrame, _ context: Context) {
    (root, paths, path, isStray) = (frame.root, frame.paths, frame.path, frame.isStray)
    self.context = context
  }

  /// The same call with another context.
  func with(_ context: Context) -> CallFrame { CallFrame(self, context) }
}
