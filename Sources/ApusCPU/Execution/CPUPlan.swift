import ApusCore
import CApusKernels
import Synchronization

/// A graph made ready to run: a flat table of kernels over one arena.
///
/// Pointers that come with each run (inputs and outputs) are patched into the table when they
/// changed since the last run; nothing else happens between kernels.
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
    if configuration.isProfiling { Profile.shared?.add(self) }
  }

  deinit {
    if runs > 0 { Profile.shared?.add(measured) }
    pointers.deallocate()
    nodes.deallocate()
    bound.deallocate()
    nanoseconds.deallocate()
  }

  func run(_ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>) throws(TensorError) {
    precondition(buffers.count == layout.externalCount)
    let outcome = lock.withLock { _ in runLocked(buffers) }
    if let outcome { throw outcome }
  }

  private func runLocked(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>
  ) -> TensorError? {
    bind(buffers)
    var context = apus_context()
    context.threads = Int32(layout.configuration.threads)
    context.deterministic = layout.configuration.isDeterministic ? 1 : 0
    if layout.options.watchesNonFinite { return watch(&context) }
    let code: Int32
    if layout.configuration.isProfiling {
      code = apus_plan_run_profiled(nodes, Int64(layout.nodes.count), &context, nanoseconds)
      runs += 1
    } else {
      code = apus_plan_run(nodes, Int64(layout.nodes.count), &context)
    }
    return code == 0 ? nil : layout.error(context)
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
    layout.report(runs: runs, nanoseconds: (0..<layout.nodes.count).map { nanoseconds[$0] })
  }
}
