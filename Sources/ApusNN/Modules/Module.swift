import ApusCore

/// A part of a model: an object whose stored properties are parameters, buffers and other parts.
///
/// They are found by reflection, once, and named by property path, such as
/// `encoder.layers.3.attention.query.weight`. Arrays, optionals, tuples and structs are walked;
/// a part reached by two paths is counted and saved once, under the first.
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
      do throws(Violation) { try build(for: x.type) } catch {
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
  @TaskLocal static var current: CallFrame?

  /// A call inside another, if the module called belongs to the root of that one.
  init(calling module: any Module, _ context: Context, from outer: CallFrame?) {
    self.context = context
    if let outer {
      let paths = outer.paths[module] != nil
        ? outer.paths : ModulePaths.of(outer.root, holding: module)
      if let paths, let path = paths[module] {
        (root, self.paths, self.path) = (outer.root, paths, path)
        return
      }
    }
    (root, paths, path) = (module, ModulePaths.of(module), "")
  }

  private init(_ frame: CallFrame, _ context: Context) {
    (root, paths, path, self.context) = (frame.root, frame.paths, frame.path, context)
  }

  /// The same call with another context.
  func with(_ context: Context) -> CallFrame { CallFrame(self, context) }
}
