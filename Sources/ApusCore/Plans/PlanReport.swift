/// What a compiled graph runs, in order, and where its data lie.
///
/// ```swift
/// let report = try trainer.plan(of: .training, for: loader)
/// print(report.statistics)
/// print(report.table())
/// ```
/// Bytes are those a kernel has to touch, each element once, whether they come from a cache or from
/// memory; its scratch memory is not among them.
public struct PlanReport: Sendable, Hashable, Codable {
  /// Kernels in running order.
  public var kernels: [Kernel]
  /// Memory by number, as ``Access/buffer`` names it.
  public var buffers: [Buffer]
  /// Bytes of the block that holds all values between kernels and their scratch memory.
  public var arenaBytes: Int
  /// How many runs ``Kernel/nanoseconds`` count; 0 unless the executor measures.
  public var runs = 0
  /// How many of these runs found new contents of standing inputs: ``Kernel/isStanding``.
  public var preparations = 0

  public init(kernels: [Kernel], buffers: [Buffer], arenaBytes: Int) {
    self.kernels = kernels
    self.buffers = buffers
    self.arenaBytes = arenaBytes
  }

  /// How many times a kernel ran in the runs that ``Kernel/nanoseconds`` count.
  public func runs(of kernel: Kernel) -> Int { kernel.isStanding ? preparations : runs }
}

extension PlanReport {
  /// One step of a plan.
  public struct Kernel: Sendable, Hashable, Codable {
    /// What runs and on what shapes; the library's name of its code where it is the library's.
    public var label: String
    /// The operation it computes, or the last one of several.
    public var operation: String
    /// The layer that asked for it; empty outside layers.
    public var layerPath: String
    public var reads: [Access]
    public var writes: [Access]
    public var multiplyAdds: Int
    /// Bytes it needs while it runs.
    public var scratchBytes: Int
    /// Whether it does nothing but move elements.
    public var isCopy: Bool
    /// Whether it only runs when weights have changed: what it gives stays in the arena.
    public var isStanding: Bool
    /// The lines of a fused program; empty for other kernels.
    public var program: [String]
    /// How many of them compute, rather than load or store.
    public var instructionCount: Int
    /// The kernels of a loop's body, and how often they run.
    public var body: [Kernel]
    public var repeats: Int
    /// Time over all measured runs.
    public var nanoseconds: Int64

    public init(
      label: String, operation: String, layerPath: String = "", reads: [Access] = [],
      writes: [Access] = [], multiplyAdds: Int = 0, scratchBytes: Int = 0, isCopy: Bool = false,
      isStanding: Bool = false, program: [String] = [], instructionCount: Int = 0,
      body: [Kernel] = [], repeats: Int = 1,
      nanoseconds: Int64 = 0
    ) {
      self.label = label
      self.operation = operation
      self.layerPath = layerPath
      self.reads = reads
      self.writes = writes
      self.multiplyAdds = multiplyAdds
      self.scratchBytes = scratchBytes
      self.isCopy = isCopy
      self.isStanding = isStanding
      self.program = program
      self.instructionCount = instructionCount
      self.body = body
      self.repeats = repeats
      self.nanoseconds = nanoseconds
    }
  }

  /// Memory that a kernel reads or writes.
  public struct Access: Sendable, Hashable, Codable {
    public var buffer: Int
    public var bytes: Int
    /// How the elements lie, such as `in order`, `strides [1, 64]` or `each 10 times`.
    public var layout: String

    public init(buffer: Int, bytes: Int, layout: String) {
      self.buffer = buffer
      self.bytes = bytes
      self.layout = layout
    }

    /// The layout of elements that are read one after the other.
    public static let inOrder = "in order"
  }

  /// Memory of a plan.
  public struct Buffer: Sendable, Hashable, Codable {
    public enum Role: String, Sendable, Hashable, Codable {
      case input, output, constant, value, scratch
    }

    public var role: Role
    /// The number among the inputs, outputs or constants.
    public var index: Int
    public var bytes: Int
    /// Bytes from the arena's start, for what lies there.
    public var offset: Int?
    /// The first and the last kernel that touch it; neither where none does.
    public var firstUse: Int?
    public var lastUse: Int?
    /// The buffer whose memory this one takes over: an input that is replaced, or an operand that is
    /// used up.
    public var sharesMemoryOf: Int?

    public init(
      role: Role, index: Int = 0, bytes: Int, offset: Int? = nil, firstUse: Int? = nil,
      lastUse: Int? = nil, sharesMemoryOf: Int? = nil
    ) {
      self.role = role
      self.index = index
      self.bytes = bytes
      self.offset = offset
      self.firstUse = firstUse
      self.lastUse = lastUse
      self.sharesMemoryOf = sharesMemoryOf
    }
  }
}

extension PlanReport.Kernel {
  /// Bytes read in a run; those of a loop in all its steps.
  public var bytesRead: Int {
    body.isEmpty
      ? reads.reduce(0) { $0 + $1.bytes }
      : repeats * body.reduce(0) { $0 + $1.bytesRead }
  }

  /// Bytes written in a run; those of a loop in all its steps.
  public var bytesWritten: Int {
    body.isEmpty
      ? writes.reduce(0) { $0 + $1.bytes }
      : repeats * body.reduce(0) { $0 + $1.bytesWritten }
  }

  public var bytesMoved: Int { bytesRead + bytesWritten }

  /// How many kernels run: those of a loop in all its steps.
  public var count: Int { body.isEmpty ? 1 : repeats * body.reduce(0) { $0 + $1.count } }

  /// Whether it is a fused program.
  public var isProgram: Bool { !program.isEmpty }
}
