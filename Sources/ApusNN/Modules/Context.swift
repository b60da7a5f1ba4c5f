import ApusCore
import Synchronization

/// What a call of a model carries along: training or inference, and the random stream.
///
/// Passed from layer to layer, or inherited from the enclosing call. Never global.
public final class Context: Sendable {
  /// Whether layers behave as in training: dropout drops, batch norm uses the batch.
  public let isTraining: Bool
  private let key: RandomKey?
  let observer: (any CallObserver)?

  private struct State: Sendable {
    var keysDrawn = 0
    var updates: [(buffer: Buffer, value: Tensor)] = []
    /// How many of the updates, the first ones, were noted before this context branched off.
    var inheritedCount = 0
    var penalties: [Tensor] = []

    mutating func note(_ value: Tensor, for buffer: Buffer) {
      if let index = updates.firstIndex(where: { $0.buffer === buffer }) {
        updates.remove(at: index)
        if index < inheritedCount { inheritedCount -= 1 }
      }
      updates.append((buffer, value))
    }

    /// What was noted since this context branched off.
    var ownUpdates: ArraySlice<(buffer: Buffer, value: Tensor)> { updates[inheritedCount...] }
  }
  private let state: Mutex<State>

  /// Creates a context.
  ///
  /// - Parameter key: The stream that ``nextKey()`` draws from; needed by layers that use chance.
  public convenience init(isTraining: Bool, key: RandomKey? = nil) {
    self.init(isTraining: isTraining, key: key, observer: nil)
  }

  init(isTraining: Bool, key: RandomKey?, observer: (any CallObserver)?) {
    self.isTraining = isTraining
    self.key = key
    self.observer = observer
    state = Mutex(State())
  }

  private init(branching other: Context, _ start: State) {
    isTraining = other.isTraining
    key = other.key
    observer = other.observer
    state = Mutex(start)
  }

  /// The context of a call outside training.
  public static let inference = Context(isTraining: false)

  /// Returns the next key of the stream, numbered by how many were drawn in this call.
  public func nextKey() -> RandomKey {
    let number = state.withLock { state in
      state.keysDrawn += 1
      return state.keysDrawn
    }
    return (key ?? RandomKey(seed: 0)).folding(in: number)
  }

  /// Notes a new value of a buffer, to take effect when the step ends.
  ///
  /// `change` receives the value noted before in this call, or else the buffer's. A buffer that
  /// ``Buffer/isFixed`` stays as it is.
  public func update(_ buffer: Buffer, _ change: (Tensor) -> Tensor) {
    if buffer.isFixed { return }
    let value = change(self.value(of: buffer)).stoppingGradient()
    state.withLock { $0.note(value, for: buffer) }
  }

  /// The buffer's value with the changes noted in this call.
  public func value(of buffer: Buffer) -> Tensor {
    let pending = state.withLock { state in
      state.updates.last { $0.buffer === buffer }?.value
    }
    return pending ?? buffer.value
  }

  /// Adds a floating scalar to the loss of the step: a penalty on activations, for example.
  ///
  /// A layer calls this in training; the trainer adds ``penalty`` to the loss, and a hand-written
  /// loop does the same.
  public func penalize(_ penalty: Tensor) {
    state.withLock { $0.penalties.append(penalty) }
  }

  /// The sum of the penalties noted in this call, a scalar; `nil` when there are none.
  public var penalty: Tensor? {
    let all = state.withLock { $0.penalties }
    return all.dropFirst().reduce(all.first) { sum, next in sum.map { $0 + next } }
  }

  /// Tells the summary what a module put out; layers called as functions do so by themselves.
  public func observe(_ module: any Module, output: Tensor) {
    observer?.record(module, output: output)
  }

  /// New values of buffers noted in this call.
  public var updates: [(buffer: Buffer, value: Tensor)] { state.withLock { $0.updates } }

  /// Gives buffers the values noted in this call: the end of a step in a hand-written loop.
  public func applyUpdates() throws(TensorError) {
    let updates = state.withLock { state in
      let taken = state.updates
      state.updates = []
      return taken
    }
    try eval(updates.map(\.value))
    for (buffer, value) in updates { try buffer.assign(value) }
  }
}

extension Context {
  /// A context that goes on where this one stands: same key stream, same noted values.
  ///
  /// What a function notes in it does not show here until ``join(_:notedTensors:)``.
  func branch() -> Context {
    let start = state.withLock {
      State(
        keysDrawn: $0.keysDrawn, updates: $0.updates, inheritedCount: $0.updates.count)
    }
    return Context(branching: self, start)
  }

  /// The tensors noted in a branch: new values of buffers, then penalties.
  var notedTensors: [Tensor] { state.withLock { $0.ownUpdates.map(\.value) + $0.penalties } }

  /// Takes over what a branch noted, with other tensors in the places of those it noted.
  func join(_ branch: Context, notedTensors: [Tensor]) {
    let noted = branch.state.withLock { $0 }
    let updates = noted.ownUpdates
    guard notedTensors.count == updates.count + noted.penalties.count else { return }
    state.withLock { state in
      state.keysDrawn = noted.keysDrawn
      for (update, value) in zip(updates, notedTensors) { state.note(value, for: update.buffer) }
      state.penalties += notedTensors.dropFirst(updates.count)
    }
  }
}

/// Learns of every module call, for the summary.
protocol CallObserver: AnyObject, Sendable {
  func record(_ module: any Module, output: Tensor)
}
