import Synchronization

/// A recorded operation; the handle behind ``Tensor``.
///
/// Everything but the mutex-guarded state is immutable. The state changes once, when the node is
/// evaluated: it gains its values and lets go of its operands, so that a loop which evaluates every
/// step holds no history. Nodes that depend on a placeholder keep their operands: they are still
/// needed to differentiate or to compile.
package final class Node: Sendable {
  package struct State: Sendable {
    var operands: [Tensor]
    var storages: [Storage?]
  }

  package let operation: any Operation
  package let types: [TensorType]
  package let error: TensorError?
  package let site: CallSite?
  package let layerPath: String?
  /// Whether a placeholder is among the ancestors.
  package let isTraced: Bool
  /// How many nodes were made before: tells what a traced function recorded from what it found.
  let number: Int
  let state: Mutex<State>

  private static let made = Atomic<Int>(0)

  /// The number of the node made last.
  static var latestNumber: Int { made.load(ordering: .relaxed) }

  private static func nextNumber() -> Int { made.wrappingAdd(1, ordering: .relaxed).newValue }

  init(
    _ operation: any Operation, operands: [Tensor], types: [TensorType], site: CallSite?,
    storages: [Storage?] = [], isPlaceholder: Bool = false
  ) {
    self.operation = operation
    self.types = types
    self.error = nil
    self.site = site ?? LayerScope.current?.site
    self.layerPath = LayerScope.current?.path
    self.isTraced = isPlaceholder || operands.contains { $0.node.isTraced }
    number = Node.nextNumber()
    self.state = Mutex(State(operands: operands, storages: storages))
  }

  init(failure: TensorError) {
    operation = Failure()
    types = [TensorType(.float32, [])]
    error = failure
    site = failure.site
    layerPath = failure.layerPath
    isTraced = false
    number = Node.nextNumber()
    state = Mutex(State(operands: [], storages: []))
  }

  package var operands: [Tensor] { state.withLock { $0.operands } }

  /// The values of a result, once evaluated.
  package func storage(of result: Int) -> Storage? {
    state.withLock { $0.storages.indices.contains(result) ? $0.storages[result] : nil }
  }

  /// Stores the values of a result.
  func realize(_ result: Int, _ storage: Storage) {
    var released: [Tensor] = []
    state.withLock { state in
      if state.storages.isEmpty { state.storages = Array(repeating: nil, count: types.count) }
      state.storages[result] = storage
      if !isTraced && !state.storages.contains(where: { $0 == nil }) {
        swap(&released, &state.operands)
      }
    }
    Node.release(&released)
  }

  deinit {
    var operands = state.withLock { state in
      var taken: [Tensor] = []
      swap(&taken, &state.operands)
      return taken
    }
    Node.release(&operands)
  }

  /// Drops a chain of nodes without recursion: a long history must not overflow the stack.
  private static func release(_ tensors: inout [Tensor]) {
    while var last = tensors.popLast() {
      guard isKnownUniquelyReferenced(&last.node) else { continue }
      last.node.state.withLock { state in
        tensors.append(contentsOf: state.operands)
        state.operands = []
      }
    }
  }
}

/// The operation of a failed tensor.
struct Failure: Operation {
  var name: String { "failed" }
  var cpu: CPUKernel { .value }
  func resultTypes(_ operands: [TensorType]) -> [TensorType] { [TensorType(.float32, [])] }
  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [] }
}

/// Values given from outside: data, parameters, state.
package struct Leaf: Operation {
  package var name: String { "leaf" }
  package var cpu: CPUKernel { .value }
  package func resultTypes(_ operands: [TensorType]) -> [TensorType] { [] }
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [] }
}

/// A value that will be known later: an argument of a traced function.
package struct Placeholder: Operation {
  package var name: String { "placeholder" }
  package var cpu: CPUKernel { .value }
  package func resultTypes(_ operands: [TensorType]) -> [TensorType] { [] }
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] { [] }
}
