import ApusCore
import ApusXLA
import Testing

/// The device that tests run on: a processor through a PJRT plugin, where one is found.
enum XLATestDevice {
  static let reason: String? = {
    do throws(TensorError) {
      _ = try XLAExecutor(.xla("cpu"))
      return nil
    } catch { return "\(error)" }
  }()

  /// Runs `body` on the device.
  static func run<R>(_ body: () throws -> R) throws -> R { try Device.xla("cpu").run(body) }
}

extension Trait where Self == ConditionTrait {
  /// Skips a test where there is no plugin for processors.
  static var needsPlugin: Self {
    .enabled(if: XLATestDevice.reason == nil, "no PJRT plugin for processors")
  }
}
