import ApusCore
import CApusKernels
import Synchronization

/// A graph made ready to run: a flat table of kernels over one arena.
///
/// Pointers that come with each run (inputs and outputs) are patched into the table when they
/// changed since the last run; nothing else happens between kernels. What depends on standing inputs
/// alone stays in the arena until their contents change: the plan may be shared by several models.
///
/// Unchecked: `lock` guards the arena, the tables and everything they point to; the rest is
/// immutable.
final class CPUPlan: Executable, @unchecked Sendable {
  /// A place in the pointer table that holds an outside pointer plus an offset.
  struct Patch {
    let place: Int
    let external: Int
    let byteOffset: Int
  }

  let layout: PlanLayout
  private let lock = Mutex<Void>(())
  private let arena: Storage
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let nodes: UnsafeMutablePointer<apus_node>
  private let bound: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let nanoseconds: UnsafeMutablePointer<Int64>
  private var runs = 0
  /// What the standing inputs held when the prologue ran.
  private let known: UnsafeMutableBufferPointer<UInt64>
  private var isPrepared = false
  private var preparations = 0

  init(
    _ graph: Graph, _ options: CompileOptions, _ configuration: CPUConfiguration
  ) throws(TensorError) {
    layout = try PlanLayout(graph, options, configuration)
    guard let arena = Storage(uninitialized: layout.arenaByteCount) else {
      throw TensorError(
        operation: "plan", reason: "no memory for an arena of \(layout.arenaByteCount) bytes")
    }
    self.arena = arena
    let count = max(layout.nodes.count, 1)
    pointers = .allocate(capacity: max(layout.placeCount, 1))
    nodes = .allocate(capacity: count)
    bound = .allocate(capacity: max(layout.externalCount, 1))
    nanoseconds = .allocate(capacity: count)
    layout.bind(arena: arena.pointer, pointers: pointers, nodes: nodes)
    bound.initialize(repeating: nil, count: max(layout.externalCount, 1))
    nanoseconds.initialize(repeating: 0, count: count)
    known = .allocate(capacity: layout.standingInputs.count)
    known.initialize(repeating: 0)
    if configuration.isProfiling { Profile.shared?.add(self) }
  }

  deinit {
    if layout.configuration.isProfiling { Profile.shared?.add(measured) }
    pointers.deallocate()
    nodes.deallocate()
    bound.deallocate()
    nanoseconds.deallocate()
    known.deallocate()
  }

  var standingInputs: [Int] { layout.standingInputs }

  func run(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>, contents: UnsafeBufferPointer<UInt64>
  ) throws(TensorError) {
    precondition(buffers.count == layout.externalCount)
    let outcome = lock.withLock { _ in runLocked(buffers, contents) }
    if let outcome { throw outcome }
  }

  private func runLocked(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>,
    _ contents: UnsafeBufferPointer<UInt64>
  ) -> TensorError? {
    bind(buffers)
    var context = apus_context()
    context.threads = Int32(layout.configuration.threads)
    context.deterministic = layout.configuration.isDeterministic ? 1 : 0
    if layout.options.watchesNonFinite { return watch(&context) }
    let first = layout.prologueCount
    if first > 0, !isPrepared(for: contents) {
      isPrepared = false
      preparations += 1
      if let error = run(0..<first, &context) { return error }
      for index in contents.indices { known[index] = contents[index] }
      // Without names nobody can tell whether it is still the same.
      isPrepared = contents.count == known.count
    }
    runs += 1
    return run(first..<layout.nodes.count, &context)
  }

  /// Whether what stands was computed from just these contents.
  private func isPrepared(for contents: UnsafeBufferPointer<UInt64>) -> Bool {
    guard isPrepared, contents.count == known.count else { return false }
    for index in contents.indices where known[index] != contents[index] { return false }
    return true
  }

  private func run(_ range: Range<Int>, _ context: inout apus_context) -> TensorError? {
    let start = range.lowerBound
    let code =
      layout.configuration.isProfiling
      ? apus_plan_run_profiled(
        nodes + start, Int64(range.count), &context, nanoseconds + start)
      : apus_plan_run(nodes + start, Int64(range.count), &context)
    if code == 0 { return nil }
    context.error_node += Int32(start)
    return layout.error(context)
  }

  private func bind(_ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>) {
    var changed = false
    for index in buffers.indices where bound[index] != buffers[index] {
      bound[index] = buffers[index]
      changed = true
    }
    guard changed else { return }
    for patch in layout.patches {
      pointers[patch.place] = buffers[patch.external] + patch.byteOffset
    }
  }

  /// Runs kernel by kernel and looks for the first result that is not finite.
  private func watch(_ context: inout apus_context) -> TensorError? {
    for index in layout.nodes.indices {
      if apus_plan_run(nodes + index, 1, &context) != 0 {
        context.error_node = Int32(index)
        return layout.error(context)
      }
      if let error = layout.nonFinite(at: index, nodes[index]) { return error }
    }
    return nil
  }

  var description: String { layout.description }

  var report: PlanReport? {
    lock.withLock { _ in measured }
  }

  private var measured: PlanReport {
    var report = layout.report
    guard layout.configuration.isProfiling else { return report }
    (report.runs, report.preparations) = (runs, preparations)
    for index in report.kernels.indices { report.kernels[index].nanoseconds = nanoseconds[index] }
    return report
  }
}
