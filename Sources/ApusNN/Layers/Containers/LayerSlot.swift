import ApusCore
import Synchronization

/// A place for a layer that can be exchanged: the head of a model that is to be fine-tuned.
///
/// ```swift
/// final class Classifier: Layer {
///   let body = Backbone()
///   let head = LayerSlot(Dense(1000))
///   func forward(_ x: Tensor, _ context: Context) -> Tensor { head(body(x)) }
/// }
/// try load(model, from: "pretrained.safetensors")
/// model.head.layer = Dense(5)
/// ```
/// - Shape: those of the layer in it.
/// - Parameters held: the layer's, under the slot's own path: `head.weight`.
public final class LayerSlot: Layer, TransparentModule, CustomStringConvertible {
  private let held: Mutex<any Layer>

  /// Creates a slot with a layer in it.
  public init(_ layer: any Layer) { held = Mutex(layer) }

  /// The layer in the slot. Exchange it between steps, not during one.
  public var layer: any Layer {
    get { held.withLock { $0 } }
    set { held.withLock { $0 = newValue } }
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return layer(x, context, file: at.file, line: at.line)
  }

  var wrapped: any Module { layer }

  public var description: String { "\(layer)" }
}
