import Apus
import ArgumentParser

/// The option that says where a model runs.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to run: cpu; a device of a PJRT plugin, such as cuda, cuda:1 or xla:cpu; or a mesh of "
        + "them, such as mesh:data=4@cuda. See apus devices. (default: cpu)",
      valueName: "device"),
    transform: DeviceOptions.parsed)
  var device: Device?

  /// The device; that of processors unless given.
  var chosen: Device { device ?? .cpu }

  /// A device that is named right; whether it is there, its first use tells.
  @Sendable private static func parsed(_ text: String) throws -> Device {
    let device = Device(text)
    if let mistake = device.mistake { throw ValidationError(mistake) }
    return device
  }
}
