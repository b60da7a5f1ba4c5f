import ApusCore
import ApusNN

/// A step compiled for one batch signature, with the memory it reads and writes.
///
/// Running it takes one lock, allocates nothing and reads nothing back: state is updated where it
/// lies, batches are filled into ``inputs``.
///
/// Unchecked: a step belongs to one run, which calls it from one task; the state it shares with
/// readers is guarded by the state's lock.
final class StepPlan: @unchecked Sendable {
  /// What a traced step puts out, and for an output the place in the state that takes it over.
  struct Trace {
    var outputs: [Tensor] = []
    var updates: [Int: Int] = [:]
  }

  let state: HeldState
  /// What the caller fills before each run, and where it lies.
  let inputs: [Storage]
  let inputMemory: UnsafeMutableBufferPointer<UnsafeMutableRawBufferPointer>
  /// Memory of the outputs that are no state, after each run.
  let outputs: [Storage]
  let outputTypes: [TensorType]
  private let plan: any Executable
  private let device: (any DeviceExecutable)?
  private let captures: [Storage]
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
  /// Names what the plan's standing inputs hold.
  private let names: UnsafeMutableBufferPointer<UInt64>
  private let standing: [Int]
  private let writesState: Bool
  /// Whether a standing input is a place of the state that other steps write.
  private let watchesState: Bool
  private var version = -1

  /// Traces and compiles a step.
  ///
  /// - Parameter samples: Places among the inputs whose first axis runs over samples.
  init(
    state: HeldState, inputs types: [TensorType], samples: [Int],
    trace: (_ state: [Tensor], _ inputs: [Tensor]) throws(TensorError) -> Trace
  ) throws(TensorError) {
    for type in types {
      if let violation = type.sizeViolation {
        throw TensorError(operation: "fit", reason: violation.reason)
      }
    }
    let places = state.types.map { Tensor.placeholder($0) }
    let arguments = types.map { Tensor.placeholder($0) }
    let traced = try trace(places, arguments)
    for (output, place) in traced.updates {
      let value = traced.outputs[output]
      if let error = value.error { throw error }
      guard value.type == state.types[place] else {
        throw TensorError(
          operation: "fit",
          reason: "a step changes a value of type \(state.types[place]) to \(value.type)",
          operands: [.init(name: "new value", type: value.type, origin: value.node.site)])
      }
    }
    let captured = try Graph.capture(traced.outputs, inputs: places + arguments)
    var options = CompileOptions()
    options.donations = traced.updates
    options.watchesNonFinite = Debugging.watchesNonFinite
    options.samples = samples.reduce(into: Set()) { $0.insert(places.count + $1) }
    options.standing = Set(captured.leaves.indices)
      .subtracting(places.count..<(places.count + arguments.count))
      .subtracting(traced.updates.values)
    let plan = try PlanCache.shared.plan(for: captured.graph, options: options)
    self.plan = plan
    device = plan.onDevice
    captures = captured.leaves.dropFirst(places.count + arguments.count)
      .compactMap { $0.node.storage(of: $0.result) }
    self.state = state
    standing = plan.standingInputs
    writesState = !traced.updates.isEmpty
    watchesState = standing.contains { $0 < places.count && state.isWritten[$0] }
    names = .allocate(capacity: standing.count)
    names.initialize(repeating: 0)
    let inputs = try types.map { type throws(TensorError) in try allocate(type) }
    self.inputs = inputs
    inputMemory = .allocate(capacity: inputs.count)
    _ = inputMemory.initialize(
      from: inputs.map { .init(start: $0.pointer, count: $0.byteCount) })
    outputTypes = traced.outputs.indices.filter { traced.updates[$0] == nil }
      .map { traced.outputs[$0].type }
    outputs = try outputTypes.map { type throws(TensorError) in try allocate(type, for: plan) }
    let blank = try allocate(TensorType(.uint8, [1]))
    let others = device == nil ? inputs + captures + outputs : []
    pointers = .allocate(capacity: places.count + others.count)
    for (index, storage) in others.enumerated() {
      pointers.initializeElement(at: places.count + index, to: try storage.onHost())
    }
    for index in places.indices {
      // The first run puts the places of the state here.
      pointers.initializeElement(at: index, to: blank.pointer)
    }
  }

  deinit {
    pointers.deallocate()
    names.deallocate()
    inputMemory.deallocate()
  }

  /// What a run does.
  func report() throws(TensorError) -> PlanReport { try plan.told() }

  /// Runs the step on the memory as it is.
  ///
  /// - Throws: A data error, such as a label out of range.
  func run() throws(TensorError) {
    let failure: TensorError? = state.contents.withLock { contents in
      do throws(TensorError) {
        if !contents.lent.isEmpty { try contents.reclaim() }
        if let device {
          if writesState { contents.isRewritten = true }
          let first = contents.storages.count
          try device.run(
            on: contents.storages + inputs + captures + outputs,
            refreshed: first..<(first + inputs.count))
          return nil
        }
        if watchesState { state.nameContents(&contents) }
        if contents.version != version { try look(at: contents) }
        if writesState { contents.isRewritten = true }
        try plan.run(UnsafeBufferPointer(pointers), contents: UnsafeBufferPointer(names))
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Notes where the state lies, and the names of what stands.
  private func look(at contents: HeldState.Contents) throws(TensorError) {
    for (index, storage) in contents.storages.enumerated() {
      pointers[index] =
        state.isWritten[index] ? try storage.onHostAlone() : try storage.onHost()
    }
    let first = contents.storages.count + inputs.count
    for (index, input) in standing.enumerated() {
      let storage = input < first ? contents.storages[input] : captures[input - first]
      names[index] = storage.contents
    }
    version = contents.version
  }
}
