import ApusCore
import Synchronization

/// What parameters and buffers share: a typed value that is set up once and then replaced, never
/// altered, as far as anyone who holds a tensor of it can see.
///
/// While a training run owns the memory, the value is a place in the run's ``HeldState``; reading
/// it lends the memory out, and the run copies before it writes again.
package final class Variable: Sendable {
  package enum Value: Sendable {
    case unbuilt
    case tensor(Tensor)
    case held(HeldState, Int)
  }

  private struct State: Sendable {
    var type: TensorType?
    var value = Value.unbuilt
    var path: String?
    var isTrainable: Bool
    var isFixed = false
  }

  package let initializer: Initializer
  package let fixedDType: DType?
  /// Whether layers that compute in a lower precision still see it in its own.
  package let keepsPrecision: Bool
  private let state: Mutex<State>

  package init(
    _ initializer: Initializer, dtype: DType?, isTrainable: Bool, keepsPrecision: Bool = false
  ) {
    self.initializer = initializer
    fixedDType = dtype
    self.keepsPrecision = keepsPrecision
    state = Mutex(State(isTrainable: isTrainable))
  }

  /// Dtype and shape, once known.
  package var type: TensorType? { state.withLock { $0.type } }

  package var isTrainable: Bool {
    get { state.withLock { $0.isTrainable } }
    set { state.withLock { $0.isTrainable = newValue } }
  }

  /// Whether training leaves a buffer's value alone.
  package var isFixed: Bool {
    get { state.withLock { $0.isFixed } }
    set { state.withLock { $0.isFixed = newValue } }
  }

  /// The property path from the root that was walked first.
  package var path: String {
    get { state.withLock { $0.path ?? "" } }
    set { state.withLock { if $0.path == nil { $0.path = newValue } } }
  }

  /// Sets the first value, with its mistake if it failed.
  package func start(with tensor: Tensor) {
    state.withLock { state in
      state.type = tensor.error == nil ? tensor.type : nil
      state.value = .tensor(tensor)
    }
  }

  /// Fixes dtype and shape and draws the first values; does nothing once that has happened.
  package func allocate(
    _ dtype: DType, _ shape: Shape, from initializer: Initializer? = nil, fans: Fans? = nil,
    adjusting change: (Tensor) -> Tensor = { $0 }
  ) throws(Violation) {
    if type != nil { return }
    if case .tensor = state.withLock({ $0.value }) { return }
    try require(
      shape.dims.allSatisfy { $0 >= 0 }, "\(label) cannot have shape \(shape)")
    let type = TensorType(fixedDType ?? dtype, shape)
    let seed = Initialization.current?.seed ?? 0
    let drawn = (initializer ?? self.initializer)
      .values(type, seed: seed, path: path, fans: fans)
    let first = change(drawn)
    state.withLock { state in
      guard state.type == nil else { return }
      state.type = type
      state.value = .tensor(first)
    }
  }

  /// Takes type and first values from a tensor; does nothing once there are some.
  package func allocate(_ tensor: Tensor) throws(Violation) {
    if let fixedDType, tensor.error == nil {
      try require(
        tensor.dtype == fixedDType, "\(label) is of \(fixedDType), not \(tensor.dtype)")
    }
    state.withLock { state in
      guard state.type == nil, case .unbuilt = state.value else { return }
      state.type = tensor.error == nil ? tensor.type : nil
      state.value = .tensor(tensor)
    }
  }

  /// Lets go of the values and keeps the type: they are computed from elsewhere.
  package func forgetValue() { state.withLock { $0.value = .unbuilt } }

  /// The value as a tensor; failed while the shape is unknown.
  package var value: Tensor {
    if let bound = Bindings.current?.tensors[ObjectIdentifier(self)] { return bound }
    switch state.withLock({ $0.value }) {
    case .tensor(let tensor): return tensor
    case .held(let held, let index): return held.tensor(at: index)
    case .unbuilt:
      return Tensor(
        error: TensorError(
          operation: "parameter",
          reason: "\(label) has no shape yet: call the layer on an input first",
          layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
    }
  }

  /// Replaces the value; dtype and shape must stay the same once they are known.
  package func assign(_ tensor: Tensor) throws(TensorError) {
    if let error = tensor.error { throw error }
    if let type, type != tensor.type {
      throw TensorError(
        operation: "parameter", reason: "\(label) is \(type), not \(tensor.type)")
    }
    if case .held(let held, let index) = state.withLock({ $0.value }) {
      held.replace(index, by: try tensor.evaluatedStorage())
      return
    }
    state.withLock { state in
      state.type = tensor.type
      state.value = .tensor(tensor)
    }
  }

  /// Hands the memory to a training run; refused while another run has it.
  package func hold(in held: HeldState, at index: Int) throws(TensorError) {
    let isTaken = state.withLock { state in
      if case .held = state.value { return true }
      state.value = .held(held, index)
      return false
    }
    if isTaken {
      throw TensorError(
        operation: "fit", reason: "\(label) is being trained by another run")
    }
  }

  /// Takes the memory back from a training run.
  package func release(from held: HeldState) {
    guard case .held(let owner, let index) = state.withLock({ $0.value }), owner === held
    else { return }
    let tensor = held.tensor(at: index)
    state.withLock { $0.value = .tensor(tensor) }
  }

  private var label: String { path.isEmpty ? "a parameter" : path }
}

/// Stand-ins for variables while a step is traced.
package struct Bindings: Sendable {
  package let tensors: [ObjectIdentifier: Tensor]
  @TaskLocal package static var current: Bindings?

  package init(_ variables: [Variable], _ values: [Tensor]) {
    tensors = Dictionary(
      zip(variables.map { ObjectIdentifier($0) }, values), uniquingKeysWith: { a, _ in a })
  }
}

/// The seed that first values are drawn with.
package struct Initialization: Sendable {
  package let seed: UInt64
  @TaskLocal package static var current: Initialization?
  package init(seed: UInt64) { self.seed = seed }
}
