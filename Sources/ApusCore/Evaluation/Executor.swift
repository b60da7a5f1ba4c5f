import Synchronization

/// How a graph is to be compiled.
public struct CompileOptions: Sendable, Hashable {
  /// For an output, the input whose memory it takes over: the state of a training step.
  public var donations: [Int: Int] = [:]
  /// Inputs that seldom change from run to run, such as the weights of a model in use. What depends
  /// on them alone is computed once and kept until their contents change.
  public var standing: Set<Int> = []
  /// Inputs whose first axis runs over samples, filled by the host before every run: a mesh of
  /// devices gives each its share.
  public var samples: Set<Int> = []
  /// Reports the first operation that gives NaN or infinity.
  public var watchesNonFinite = false

  public init() {}
}

/// Compiles graphs for a kind of device.
public protocol Executor: Sendable {
  /// Tells executors apart: plans of one name run the same way.
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

  /// Runs on elements that lie on a device; `nil` where plans run in memory of the host.
  var onDevice: (any DeviceExecutable)? { get }
}

/// A compiled graph whose inputs and outputs lie in the memory of a device.
public protocol DeviceExecutable: Executable {
  /// Runs the graph.
  ///
  /// `storages` are the inputs, then an output for each that no input donates to. Inputs that are not
  /// on the device are copied there and remembered; those of `refreshed`, which the host writes
  /// between runs, every time. Returns once the work is under way: reading a result waits for it.
  ///
  /// - Throws: What an earlier run that the inputs came from has met with: an error of the data, or
  ///   of the device.
  func run(on storages: [Storage], refreshed: Range<Int>) throws(TensorError)
}

extension DeviceExecutable {
  public var onDevice: (any DeviceExecutable)? { self }
  public var standingInputs: [Int] { [] }

  public func run(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>, contents: UnsafeBufferPointer<UInt64>
  ) throws(TensorError) {
    throw TensorError(operation: "run", reason: "this plan runs on a device: give it storages")
  }
}

extension Executable {
  public var report: PlanReport? { nil }
  public var onDevice: (any DeviceExecutable)? { nil }

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
  private static let provider = Mutex<DeviceProvider?>(nil)
  @TaskLocal static var scoped: (any Executor)?

  /// Makes an executor the default.
  public static func register(_ executor: any Executor) {
    registered.withLock { $0 = executor }
  }

  /// Finds the executor of a device.
  package typealias DeviceProvider =
    @Sendable (_ device: Device) throws(TensorError) -> any Executor

  /// Says who finds the executors of devices.
  package static func registerDevices(_ provider: @escaping DeviceProvider) {
    self.provider.withLock { $0 = provider }
  }

  static func executor(for device: Device) throws(TensorError) -> any Executor {
    guard let provider = provider.withLock({ $0 }) else {
      throw TensorError(
        operation: "device", reason: "\(device) needs the XLA executor: import Apus")
    }
    return try provider(device)
  }

  /// Runs `body` with another executor.
  public static func with<R>(_ executor: any Executor, _ body: () throws -> R) rethrows -> R {
    try $scoped.withValue(executor, operation: body)
  }

  /// Runs `body` with the executor that is registered as the default: what is small, or done once,
  /// costs more to compile for a device than to compute.
  package static func onHost<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    guard let executor = registered.withLock({ $0 }) else { return try body() }
    let outcome: Result<R, E> = $scoped.withValue(executor) {
      do throws(E) { return .success(try body()) } catch { return .failure(error) }
    }
    return try outcome.get()
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
