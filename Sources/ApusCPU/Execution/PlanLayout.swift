import ApusCore
import CApusKernels

/// The finished design of a plan: nodes in order, their memory, and how outside pointers enter.
final class PlanLayout: @unchecked Sendable {
  // Immutable after `init`; the objects in `owners` are only kept alive.
  let nodes: [PlanBuilder.Node]
  /// How many of the nodes, the first ones, only run when a standing input has changed.
  let prologueCount: Int
  /// The inputs that these nodes read.
  let standingInputs: [Int]
  let options: CompileOptions
  let configuration: CPUConfiguration
  let arenaByteCount: Int
  let externalCount: Int
  let patches: [CPUPlan.Patch]
  let placeCount: Int
  let graph: PlanGraph
  let buffers: [PlanBuilder.Buffer]
  let memory: MemoryPlan
  private let fixed: [(place: Int, data: UnsafeMutableRawPointer?, arenaOffset: Int)]
  private let owners: [AnyObject]
  private let bufferOfValue: [Int: Int]

  init(
    _ source: Graph, _ options: CompileOptions, _ configuration: CPUConfiguration
  ) throws(TensorError) {
    let lowering = try Lowering(source, options, configuration)
    let builder = lowering.builder
    let prologue = lowering.prologue
    let order = lowering.schedule.order
    let first = order.filter { prologue.contains[$0] }
    let numbers = first + order.filter { !prologue.contains[$0] }
    let memory = MemoryPlan(
      builder, lowering.schedule, order: numbers, kept: prologue.kept(builder))
    self.options = options
    self.configuration = configuration
    arenaByteCount = memory.byteCount
    externalCount = source.inputCount + source.outputs.count - options.donations.count
    owners = builder.owners
    graph = builder.graph
    bufferOfValue = builder.bufferOfValue
    buffers = builder.buffers
    self.memory = memory

    func home(_ buffer: Int) -> Int { memory.homes[buffer] }
    func address(_ reference: BufferRef) -> [Int] {
      [home(reference.buffer), memory.offsets[home(reference.buffer)] ?? -1, reference.byteOffset]
    }
    func runs(_ number: Int) -> Bool {
      let node = builder.nodes[number]
      guard node.isElidable, let from = node.buffers[0], let to = node.buffers[1] else {
        return true
      }
      let (a, b) = (address(from), address(to))
      return !(a == b || (a[1] >= 0 && a[1] == b[1] && a[2] == b[2]))
    }
    nodes = numbers.filter(runs).map { builder.nodes[$0] }
    prologueCount = first.count(where: runs)
    var standing: Set<Int> = []
    for node in nodes.prefix(prologueCount) {
      for reference in node.buffers {
        guard let reference else { continue }
        if case .input(let index) = builder.buffers[reference.buffer].role {
          standing.insert(index)
        }
      }
    }
    standingInputs = standing.sorted()
    var patches: [CPUPlan.Patch] = []
    var placeCount = 0
    var fixed: [(place: Int, data: UnsafeMutableRawPointer?, arenaOffset: Int)] = []
    for node in nodes {
      for reference in node.buffers {
        defer { placeCount += 1 }
        guard let reference else {
          fixed.append((placeCount, nil, -1))
          continue
        }
        let buffer = home(reference.buffer)
        switch builder.buffers[buffer].role {
        case .input(let index):
          patches.append(
            .init(place: placeCount, external: index, byteOffset: reference.byteOffset))
        case .output(let index):
          patches.append(
            .init(
              place: placeCount, external: source.inputCount + index,
              byteOffset: reference.byteOffset))
        case .data(let index):
          fixed.append((placeCount, builder.graph.data[index].pointer + reference.byteOffset, 0))
        case .value, .scratch:
          fixed.append((placeCount, nil, (memory.offsets[buffer] ?? 0) + reference.byteOffset))
        }
      }
    }
    self.fixed = fixed
    self.patches = patches
    self.placeCount = placeCount
  }

  /// Where each fixed pointer leads: its place in the table and its bytes from the arena's start.
  var places: [[Int]] { fixed.map { [$0.place, $0.arenaOffset] } }

  /// Fills the tables that the C loop walks.
  func bind(
    arena: UnsafeMutableRawPointer,
    pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    nodes table: UnsafeMutablePointer<apus_node>
  ) {
    pointers.initialize(repeating: nil, count: max(placeCount, 1))
    for (place, data, offset) in fixed {
      pointers[place] = data ?? (offset < 0 ? nil : arena + offset)
    }
    var place = 0
    for (index, node) in nodes.enumerated() {
      (table + index).initialize(
        to: apus_node(
          run: node.kernel, buffers: UnsafePointer(pointers + place), params: node.params))
      place += node.buffers.count
    }
  }

  /// The error that a kernel reported.
  func error(_ context: apus_context) -> TensorError {
    let index = Int(context.error_node)
    guard nodes.indices.contains(index) else {
      return TensorError(operation: "plan", reason: "a kernel failed")
    }
    let node = nodes[index]
    let reason =
      context.error_code == Int32(apus_error_index_out_of_range)
      ? "index \(context.error_value) at position \(context.error_position) is out of range: "
        + "valid are 0..<\(context.error_limit)"
      : "the library reported a failure running \(node.label)"
    return TensorError(
      operation: node.operation, reason: reason, layerPath: node.layerPath, site: node.site)
  }

  /// The error for a node that gave NaN or infinity, if it did.
  func nonFinite(at index: Int, _ bound: apus_node) -> TensorError? {
    let node = nodes[index]
    for value in node.results {
      // Kernels of several nodes finish a result with their last one.
      guard let buffer = bufferOfValue[value], graph.types[value].dtype.isFloating,
        !nodes[(index + 1)...].contains(where: { $0.writes.contains(buffer) }),
        let place = node.buffers.firstIndex(where: { $0?.buffer == buffer }),
        let memory = bound.buffers[place]
      else { continue }
      let type = graph.types[value]
      let bytes = UnsafeRawBufferPointer(start: memory, count: type.byteCount)
      let values: [Double] = type.dtype.scalarType.doubles(bytes)
      if let position = values.firstIndex(where: { !$0.isFinite }) {
        return TensorError(
          operation: node.operation,
          reason: "gave \(values[position]) at position \(position) of \(type)",
          layerPath: node.layerPath, site: node.site)
      }
    }
    return nil
  }
}

extension TensorScalar {
  fileprivate static func doubles(_ bytes: UnsafeRawBufferPointer) -> [Double] {
    bytes.assumingMemoryBound(to: Self.self).map(\.asDouble)
  }
}
