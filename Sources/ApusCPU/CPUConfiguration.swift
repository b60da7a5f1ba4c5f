import CApusKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How the CPU executor runs plans.
public struct CPUConfiguration: Sendable, Hashable {
  /// How many threads a kernel may use.
  public var threads: Int
  /// Whether results have the same bits for any number of threads, at some cost in speed.
  public var isDeterministic: Bool
  /// Whether oneDNN is used where it is found and faster.
  public var usesOneDNN: Bool
  /// Whether the time of every kernel is measured: reports of plans tell it.
  public var isProfiling: Bool

  /// Creates a configuration; what is not given comes from the environment.
  ///
  /// `APUS_THREADS` (else `OMP_NUM_THREADS`, else all processors), `APUS_DETERMINISTIC=1`,
  /// `APUS_ONEDNN=off`, `APUS_PROFILE=1`, which also prints the times when the process ends.
  public init(
    threads: Int? = nil, isDeterministic: Bool? = nil, usesOneDNN: Bool? = nil,
    isProfiling: Bool? = nil
  ) {
    let named =
      Self.variable("APUS_THREADS").flatMap(Int.init)
      ?? Self.variable("OMP_NUM_THREADS").flatMap(Int.init)
    self.threads = min(max(threads ?? named ?? Int(apus_processor_count()), 1), 1024)
    self.isDeterministic = isDeterministic ?? (Self.variable("APUS_DETERMINISTIC") == "1")
    let oneDNN = Self.variable("APUS_ONEDNN")
    self.usesOneDNN = usesOneDNN ?? !(oneDNN == "off" || oneDNN == "none" || oneDNN == "0")
    self.isProfiling = isProfiling ?? Self.profileIsWanted
  }

  /// Whether the environment asks for a table of times.
  static var profileIsWanted: Bool { variable("APUS_PROFILE") == "1" }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
