import ApusCore

/// Where the arrays of a program lie: on one device, or split over a mesh.
struct XLAPlacement: Sendable {
  let client: PJRTClient
  /// The numbers of all devices that take part, in the order of the mesh.
  let ids: [Int]
  /// Those of them that belong to this process, in the same order.
  let devices: [PJRTDevice]
  /// Where in the mesh each of this process's devices is.
  let places: [Int]
  let mesh: Mesh?

  init(client: PJRTClient, ids: [Int], mesh: Mesh?) {
    self.client = client
    self.ids = ids
    self.mesh = mesh
    let own = ids.enumerated().compactMap { place, id in
      client.devices.first { $0.id == id }.map { (place: place, device: $0) }
    }
    devices = own.map(\.device)
    places = own.map(\.place)
  }

  /// Whether other processes take part.
  var isShared: Bool { devices.count < ids.count }

  /// The line of the module that names the mesh.
  var meshLine: String? {
    guard let mesh, mesh.count > 1 else { return nil }
    let axes = mesh.axes.map { "\"\($0.name)\"=\($0.count)" }.joined(separator: ", ")
    return "sdy.mesh @mesh = <[\(axes)]>"
  }

  /// How an input is split: samples over the batch axis, state as the mesh says.
  func sharding(
    ofInput index: Int, _ type: TensorType, _ options: CompileOptions
  ) -> XLASharding {
    guard let mesh, mesh.count > 1 else { return XLASharding(type, nil, nil) }
    if options.samples.contains(index) { return XLASharding(type, mesh, mesh.batchAxis) }
    let isState = options.donations.values.contains(index) || options.standing.contains(index)
    if isState, case .split(let axis) = mesh.parameters, type.rank > 1 {
      return XLASharding(type, mesh, axis)
    }
    return XLASharding(type, mesh, nil)
  }

  /// The whole array on every device.
  func replicated(_ type: TensorType) -> XLASharding {
    XLASharding(type, mesh.flatMap { $0.count > 1 ? $0 : nil }, nil)
  }

  /// What programs are compiled with.
  var compileOptions: XLACompileOptions {
    var options = XLACompileOptions()
    options.partitions = max(ids.count, 1)
    // Without an assignment programs go to the first devices there are.
    if isShared || ids != Array(0..<ids.count) { options.devices = ids }
    // Older plugins for processors keep packed operands by address and compute on with stale ones.
    if client.platform == "cpu", client.plugin.minor < 115 {
      options.overrides["xla_cpu_use_xnnpack"] = .flag(false)
    }
    // The largest and the smallest of numbers and NaN is NaN.
    if client.platform == "cpu" { options.overrides["xla_cpu_enable_fast_min_max"] = .flag(false) }
    return options
  }
}

/// How one array lies on the devices: whole on each, or its first axis split over an axis of the
/// mesh.
struct XLASharding: Sendable, Hashable {
  let type: TensorType
  /// The axis of the mesh that the first axis is split over.
  let axis: String?
  /// The part of the first axis that each device of the mesh holds, by its number; all 0 where the
  /// array is whole.
  let parts: [Int]
  /// How many parts there are.
  let partCount: Int
  private let isOnMesh: Bool

  /// Splits over an axis where it divides the first extent.
  init(_ type: TensorType, _ mesh: Mesh?, _ axis: String?) {
    self.type = type
    isOnMesh = mesh != nil
    let count = axis.flatMap { mesh?.count(of: $0) } ?? 1
    guard let mesh, let axis, count > 1, type.rank > 0, type.dims[0] > 0,
      type.dims[0] % count == 0
    else {
      self.axis = nil
      parts = Array(repeating: 0, count: mesh?.count ?? 1)
      partCount = 1
      return
    }
    self.axis = axis
    partCount = count
    let place = mesh.axes.firstIndex { $0.name == axis } ?? 0
    let inner = mesh.axes[(place + 1)...].reduce(1) { $0 * $1.count }
    parts = (0..<mesh.count).map { $0 / inner % count }
  }

  /// The array that each device holds.
  var part: TensorType {
    if partCount == 1 { return type }
    return type.with(shape: Shape([type.dims[0] / partCount] + type.dims.dropFirst()))
  }

  /// The attribute of an argument or result.
  var attribute: String? {
    guard isOnMesh else { return nil }
    let axes = type.dims.indices.map { index in
      index == 0 ? axis.map { "{\"\($0)\"}" } ?? "{}" : "{}"
    }
    return "sdy.sharding = #sdy.sharding<@mesh, [\(axes.joined(separator: ", "))]>"
  }
}
