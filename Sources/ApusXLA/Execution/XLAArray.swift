import ApusCore

/// The elements of a tensor on the devices of a placement.
final class XLAArray: DeviceElements {
  let sharding: XLASharding
  /// The part on each device.
  let buffers: [PJRTBuffer]
  /// The run that computes the elements; `nil` for those copied from the host.
  let run: XLARun?
  /// Whether the run leaves the elements as they were when its data are bad.
  let isState: Bool

  init(
    _ sharding: XLASharding, _ buffers: [PJRTBuffer], run: XLARun? = nil, isState: Bool = false
  ) {
    self.sharding = sharding
    self.buffers = buffers
    self.run = run
    self.isState = isState
  }

  /// Copies elements from the host to each device that needs them.
  convenience init(
    _ memory: UnsafeRawPointer, _ sharding: XLASharding, _ placement: XLAPlacement
  ) throws(TensorError) {
    let part = sharding.part
    var buffers: [PJRTBuffer] = []
    for (device, place) in zip(placement.devices, sharding.parts) {
      buffers.append(
        try PJRTBuffer(placement.client, device, memory + place * part.byteCount, part))
    }
    self.init(sharding, buffers)
  }

  /// Whether the elements lie just as a program wants them.
  func fits(_ sharding: XLASharding, _ placement: XLAPlacement) -> Bool {
    self.sharding == sharding && buffers.count == placement.devices.count
      && buffers.first?.client === placement.client
  }

  /// Waits until it is known whether the elements hold.
  func settle() throws(TensorError) {
    if isState { try run?.settle() } else { try run?.finish() }
  }

  func read(into memory: UnsafeMutableRawPointer) throws(TensorError) {
    try settle()
    let size = sharding.part.byteCount
    for part in 0..<sharding.partCount {
      guard let device = sharding.parts.firstIndex(of: part) else { continue }
      try buffers[device].read(into: memory + part * size, byteCount: size)
    }
  }
}
