import ApusCore

/// The elements of a tensor on the devices of a placement.
final class XLAArray: DeviceElements {
  let sharding: XLASharding
  private let placement: XLAPlacement
  /// The part on each device of this process.
  let buffers: [PJRTBuffer]
  /// The run that computes the elements; `nil` for those copied from the host.
  let run: XLARun?
  /// Whether the run leaves the elements as they were when its data are bad.
  let isState: Bool

  init(
    _ sharding: XLASharding, _ placement: XLAPlacement, _ buffers: [PJRTBuffer],
    run: XLARun? = nil, isState: Bool = false
  ) {
    self.sharding = sharding
    self.placement = placement
    self.buffers = buffers
    self.run = run
    self.isState = isState
  }

  /// Copies elements from the host to each device of this process that needs them.
  convenience init(
    _ memory: UnsafeRawPointer, _ sharding: XLASharding, _ placement: XLAPlacement
  ) throws(TensorError) {
    let part = sharding.part
    var buffers: [PJRTBuffer] = []
    for (device, place) in zip(placement.devices, placement.places) {
      let offset = sharding.parts[place] * part.byteCount
      buffers.append(try PJRTBuffer(placement.client, device, memory + offset, part))
    }
    self.init(sharding, placement, buffers)
  }

  /// Whether the elements lie just as a program wants them.
  func fits(_ sharding: XLASharding, _ placement: XLAPlacement) -> Bool {
    self.sharding == sharding && self.placement.ids == placement.ids
      && self.placement.client === placement.client
  }

  /// Waits until it is known whether the elements hold.
  func settle() throws(TensorError) {
    if isState { try run?.settle() } else { try run?.finish() }
  }

  /// Where each part is found among the buffers; `nil` where other processes alone have a part.
  var owners: [Int]? {
    let found = (0..<sharding.partCount).map { part in
      placement.places.firstIndex { sharding.parts[$0] == part }
    }
    let owners = found.compactMap { $0 }
    return owners.count == found.count ? owners : nil
  }

  /// Copies all elements to the host.
  ///
  /// Parts that other processes have are gathered by all: each must read the array, and in the same
  /// order as others.
  func read(into memory: UnsafeMutableRawPointer) throws(TensorError) {
    try settle()
    guard let owners else {
      return try gathered().read(into: memory, byteCount: sharding.type.byteCount)
    }
    let size = sharding.part.byteCount
    for (part, owner) in owners.enumerated() {
      try buffers[owner].read(into: memory + part * size, byteCount: size)
    }
  }

  /// The whole array, on one device of this process.
  func gathered() throws(TensorError) -> PJRTBuffer {
    let type = StableHLOType(sharding.type)
    let whole = placement.replicated(sharding.type)
    func mark(_ sharding: XLASharding) -> String { sharding.attribute.map { " {\($0)}" } ?? "" }
    let text = """
      module @gather {
        \(placement.meshLine ?? "")
        func.func public @main(%arg0: \(type)\(mark(sharding))) -> (\(type)\(mark(whole))) {
          return %arg0 : \(type)
        }
      }
      """
    let program = try ProgramCache.shared.program(text, placement)
    let started = try program.run(buffers, keeping: [])
    for event in started.events { try event.wait() }
    guard let result = started.results.first?.first else {
      throw TensorError(operation: "read", reason: "the plugin gave no result for \(sharding.type)")
    }
    return result
  }
}
