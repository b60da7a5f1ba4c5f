import Synchronization

/// How a graph is to be compiled.
public struct CompileOptions: Sendable, Hashable {
  /// For an output, the input whose memory it takes over: the state of a training step.
  public var donations: [Int: Int] = [:]
  /// Inputs that seldom change from run to run, such as the weights of a model in use. What depends
  /// on them alone is computed once and kept until their contents change.
  public var standing: Set<Int> = []
  /// Reports the first operation that gives NaN or infinity.
  public var watchesNonFinite = false

  public init() {}
}

/// Compiles graphs for a kind of device.
public protocol Executor: Sendable {
  var name: String { get }
  func compile(_ graph: Graph, options: CompileOptions) throws(TensorError) -> any Executable
}

/// A compiled graph.
public protocol Executable: AnyObject, Sendable, CustomStringConvertible {
  /// The inputs that decide what is kept from run to run; some of those that were said to stand.
  var standingInputs: [Int] { get }

  /// Runs the graph.
  ///
  /// `buffers` holds a pointer for each input, then for each output that no input donates its
  /// memory to; donated inputs are overwritten. `contents` names what each of ``standingInputs``
  /// holds: equal numbers, equal elements. Safe from several tasks.
  func run(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>, contents: UnsafeBufferPointer<UInt64>
  ) throws(TensorError)

  /// What a run does; `nil` from executors that do not tell.
  var report: PlanReport? { get }
}

extension Executable {
  public var report: PlanReport? { nil }

  /// What a run does.
  ///
  /// - Throws: When the executor does not tell.
  package func told() throws(TensorError) -> PlanReport {
    guard let report else {
      throw TensorError(operation: "plan", reason: "the executor does not tell what it runs")
    }
    return report
  }
}

/// The executors at hand; the umbrella module registers them.
public enum Executors {
  private static let registered = Mutex<(any Executor)?>(nil)
  @TaskLocal static var scoped: (any Executor)?

  /// Makes an executor the default.
  public static func register(_ executor: any Executor) {
    registered.withLock { $0 = executor }
  }

  /// Runs `body` with another executor.
  public static func with<R>(_ executor: any Executor, _ body: () throws -> R) rethrows -> R {
    try $scoped.withValue(executor, operation: body)
  }

  /// The executor that evaluation uses.
  package static func current() throws(TensorError) -> any Executor {
    if let scoped { return scoped }
    guard let executor = registered.withLock({ $0 }) else {
      throw TensorError(
        operation: "eval", reason: "no executor is registered: import Apus, or register one")
    }
    return executor
  }
}
