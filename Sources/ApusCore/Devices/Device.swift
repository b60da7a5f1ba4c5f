/// Where graphs run: the processor, a device of a PJRT plugin, or a mesh of such devices.
///
/// ```swift
/// let trainer = Trainer(model, loss: .crossEntropy, device: .xla("cuda:0"))
/// let everywhere = Trainer(model, loss: .crossEntropy, device: .mesh(["data": 4], on: "cuda"))
/// try Device.xla("cuda").run { try matmul(a, b).scalars() }
/// ```
public struct Device: Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    case standard
    case xla(platform: String, index: Int)
    case mesh(Mesh)
    case invalid(String)
  }

  package let kind: Kind

  /// The executor that is registered as the default: the native one for processors.
  public static let cpu = Device(kind: .standard)

  /// A device of a PJRT plugin: a platform, `cpu`, `cuda`, `rocm`, `tpu` or another that a plugin is
  /// found for, and after a colon the number of the device, 0 unless given.
  public static func xla(_ name: String) -> Device {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    let index = parts.count == 1 ? 0 : Int(parts[1])
    guard parts.count <= 2, !parts[0].isEmpty, let index, index >= 0 else {
      return Device(
        kind: .invalid("'\(name)' names no device: write a platform, or platform:number"))
    }
    return Device(kind: .xla(platform: String(parts[0]), index: index))
  }

  /// All devices of a mesh, each doing its share.
  public static func mesh(_ mesh: Mesh) -> Device { Device(kind: .mesh(mesh)) }

  /// The first devices of a platform as a mesh with named axes, such as `["data": 4]`.
  public static func mesh(
    _ axes: KeyValuePairs<String, Int>, on platform: String = "cuda"
  ) -> Device {
    .mesh(Mesh(axes, on: platform))
  }

  /// A device as a command line names it: `cpu`, `xla:cpu`, `cuda`, `cuda:1`, `tpu:0`; the file of a
  /// plugin, `xla:/folder/plugin.so`; a mesh, `mesh:data=4@cuda`, `mesh:data=2,model=2@tpu`.
  public init(_ text: String) {
    if text == "cpu" {
      self = .cpu
    } else if text.hasPrefix("mesh:") {
      self =
        Mesh(text: text.dropFirst(5)).map { .mesh($0) }
        ?? Device(
          kind: .invalid("'\(text)' names no mesh: write mesh:axis=count,axis=count@platform"))
    } else if text.hasPrefix("xla:") {
      self = .xla(String(text.dropFirst(4)))
    } else {
      self = .xla(text)
    }
  }

  init(kind: Kind) { self.kind = kind }

  /// Why the text or the axes it was made of name no device, if they name none.
  package var mistake: String? {
    switch kind {
    case .invalid(let reason): reason
    case .mesh(let mesh): mesh.mistake
    case .standard, .xla: nil
    }
  }

  public var description: String {
    switch kind {
    case .standard: "cpu"
    case .xla(let platform, let index): "xla:\(platform):\(index)"
    case .mesh(let mesh): "\(mesh)"
    case .invalid(let reason): reason
    }
  }

  /// Runs `body` so that evaluation within it happens on this device.
  ///
  /// - Throws: Why the device cannot be used, such as a plugin that is not found; what `body` throws.
  public func run<R>(_ body: () throws -> R) throws -> R {
    if kind == .standard { return try body() }
    return try Executors.with(executor(), body)
  }

  /// The executor of this device.
  ///
  /// - Throws: Why the device cannot be used.
  public func executor() throws(TensorError) -> any Executor {
    switch kind {
    case .standard: return try Executors.current()
    case .invalid(let reason): throw TensorError(operation: "device", reason: reason)
    case .xla, .mesh: return try Executors.executor(for: self)
    }
  }
}
