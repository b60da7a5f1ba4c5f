import ApusCore
import CApusKernels

/// Collects the kernels of a plan and the buffers they work on, before memory is laid out.
final class PlanBuilder {
  /// What a buffer is for.
  enum Role: Hashable {
    case input(Int)
    case output(Int)
    case data(Int)
    case value
    case scratch
  }

  struct Buffer {
    var role: Role
    let byteCount: Int
  }

  /// A kernel with its buffers, before they have addresses.
  struct Node {
    let kernel: apus_kernel
    let params: UnsafeRawPointer
    let buffers: [BufferRef?]
    let writes: Set<Int>
    /// Buffers that may share memory with one this node writes: read only where it writes.
    var inPlace: [(read: Int, write: Int)] = []
    /// A copy that is dropped when both ends got the same memory.
    var isElidable = false
    let label: String
    let multiplyAdds: Int
    /// The position in the program: nodes run as close to it as their operands allow.
    let order: Int
    let site: CallSite?
    let layerPath: String?
    let operation: String
    var results: [Int] = []
    /// What it reads and writes, for reports.
    var traffic = Traffic()
    /// The program of a region.
    var program: RegionProgram?
    /// The plan that a loop runs, and how often.
    var body: (layout: PlanLayout, repeats: Int)?
  }

  let graph: PlanGraph
  let fusion: Fusion
  let configuration: CPUConfiguration
  private(set) var buffers: [Buffer] = []
  private(set) var nodes: [Node] = []
  /// What must live as long as the plan: parameter structures, library objects, sub-plans.
  private(set) var owners: [AnyObject] = []
  private(set) var bufferOfValue: [Int: Int] = [:]
  private var copies: [Int: BufferRef] = [:]
  /// Weights in the order of a library's kernel, where others may share them.
  var packings: [Packing] = []
  private var writable: Set<Int> = []
  /// Buffers that hold an operand before the current operation and its result after.
  private var updated: Set<Int> = []
  private var current: PlanGraph.Instruction?
  private var order = 0

  var threads: Int { configuration.threads }
  var deterministic: Bool { configuration.isDeterministic }

  init(_ graph: PlanGraph, _ fusion: Fusion, _ configuration: CPUConfiguration) {
    self.graph = graph
    self.fusion = fusion
    self.configuration = configuration
  }

  // MARK: Buffers

  /// The buffer of a value that exists in memory.
  func buffer(of value: Int) -> Int {
    if let known = bufferOfValue[value] { return known }
    let role: Role =
      switch graph.sources[value] {
      case .input(let index): .input(index)
      case .data(let index): .data(index)
      case .instruction: .value
      }
    let number = newBuffer(role, bytes: graph.types[value].byteCount)
    bufferOfValue[value] = number
    return number
  }

  func setRole(_ role: Role, of buffer: Int) { buffers[buffer].role = role }

  /// Adds a buffer to the plan.
  func newBuffer(_ role: Role, bytes: Int) -> Int {
    buffers.append(Buffer(role: role, byteCount: bytes))
    return buffers.count - 1
  }

  /// The elements of a value as they lie in memory; strides count elements.
  func view(_ value: KernelCall.Value) -> StridedView {
    var view = fusion.views[value.id]
    view.buffer = buffer(of: view.buffer)
    return view
  }

  /// A value's elements in row-major order: where they lie, or a copy of a view.
  func contiguous(_ value: KernelCall.Value) -> BufferRef {
    let view = view(value)
    let size = value.type.dtype.byteCount
    if view.isContiguous { return BufferRef(buffer: view.buffer, byteOffset: view.offset * size) }
    if let copy = copies[value.id] { return copy }
    let copy = BufferRef(buffer: newBuffer(.value, bytes: value.type.byteCount))
    copies[value.id] = copy
    self.copy(view, to: copy, size: size)
    return copy
  }

  /// Whether anybody reads a result.
  func isUsed(_ value: KernelCall.Value) -> Bool { fusion.stored.contains(value.id) }

  /// Where a result is to be written, in row-major order.
  func output(_ value: KernelCall.Value) -> BufferRef {
    let number = buffer(of: value.id)
    writable.insert(number)
    return BufferRef(buffer: number)
  }

  /// Memory that a kernel updates in place: holds the operand before and the result after.
  ///
  /// The two share memory when nobody needs the operand any more; otherwise it is copied.
  func inPlace(_ operand: KernelCall.Value, _ result: KernelCall.Value) -> BufferRef {
    let source = contiguous(operand)
    let target = output(result)
    let size = operand.type.dtype.byteCount
    let view = StridedView(
      buffer: source.buffer, offset: source.byteOffset / size, dims: operand.type.dims,
      strides: operand.type.shape.strides)
    copy(view, to: target, size: size)
    nodes[nodes.count - 1].inPlace = [(source.buffer, target.buffer)]
    nodes[nodes.count - 1].isElidable = source.byteOffset == 0
    updated.insert(target.buffer)
    return target
  }

  /// Lets the last kernel write a result over an operand that nobody needs after it.
  ///
  /// The kernel must read each of the operand's elements no later than it writes the result's there.
  /// Memory that is another operand too stays.
  func allowInPlace(_ operand: BufferRef, _ result: BufferRef) {
    let uses = nodes[nodes.count - 1].buffers.count { $0?.buffer == operand.buffer }
    guard uses == 1, operand.byteOffset == 0, result.byteOffset == 0 else { return }
    nodes[nodes.count - 1].inPlace.append((operand.buffer, result.buffer))
  }

  /// Memory for the current operation alone, 64-byte aligned.
  func scratch(_ bytes: Int) -> BufferRef {
    let number = newBuffer(.scratch, bytes: max(bytes, 64))
    writable.insert(number)
    return BufferRef(buffer: number)
  }

  /// Memory that kernels emitted by `fill` write for others of the current operation to read.
  func filled(_ bytes: Int, by fill: (BufferRef) -> Void) -> BufferRef {
    let reference = BufferRef(buffer: newBuffer(.value, bytes: bytes))
    let outer = writable
    writable = [reference.buffer]
    fill(reference)
    writable = outer
    return reference
  }

  // MARK: Nodes

  /// Lowers one operation that has its own kernel.
  func lower(_ instruction: PlanGraph.Instruction, order: Int) throws(TensorError) {
    guard let kernel = instruction.operation as? any KernelLowering else {
      throw TensorError(
        operation: instruction.operation.name, reason: "the CPU executor has no kernel for it",
        layerPath: instruction.layerPath, site: instruction.site)
    }
    begin(instruction, order: order)
    let call = KernelCall(
      operands: instruction.operands.map { .init(id: $0, type: graph.types[$0]) },
      results: instruction.results.map { .init(id: $0, type: graph.types[$0]) })
    try kernel.lower(call, into: self)
  }

  func begin(_ instruction: PlanGraph.Instruction?, order: Int) {
    current = instruction
    self.order = order
    writable = []
    updated = []
  }

  /// Adds a kernel. Buffers that are results or scratch of this operation count as written.
  func emit<P: BitwiseCopyable>(
    _ kernel: @escaping apus_kernel, _ params: P, _ buffers: [BufferRef?], label: String,
    multiplyAdds: Int = 0, inPlace: [(read: Int, write: Int)] = []
  ) {
    let copy = Parameters(params)
    emit(
      kernel, pointer: copy.pointer, owner: copy, buffers, label: label,
      multiplyAdds: multiplyAdds)
    nodes[nodes.count - 1].inPlace = inPlace
  }

  /// Adds a kernel whose parameters belong to `owner`, which lives as long as the plan.
  func emit(
    _ kernel: @escaping apus_kernel, pointer: UnsafeRawPointer, owner: AnyObject,
    _ buffers: [BufferRef?], label: String, multiplyAdds: Int = 0
  ) {
    owners.append(owner)
    let written = Set(buffers.compactMap { $0?.buffer }).intersection(writable)
    var node = Node(
      kernel: kernel, params: pointer, buffers: buffers, writes: written, label: label,
      multiplyAdds: multiplyAdds, order: order, site: current?.site,
      layerPath: current?.layerPath, operation: current?.operation.name ?? label)
    node.results = current?.results ?? []
    node.traffic = Traffic(of: buffers, writes: written, updates: updated, current, self)
    nodes.append(node)
  }

  /// Says that the kernel added last runs a plan of its own several times.
  func setBody(_ layout: PlanLayout, repeats: Int) {
    nodes[nodes.count - 1].body = (layout, repeats)
  }

  /// Says that the kernel added last touches no more than these bytes of a buffer.
  func limitTraffic(of buffer: BufferRef?, to bytes: Int) {
    nodes[nodes.count - 1].traffic.limit(buffer?.buffer, to: bytes)
  }

  /// Adds a region's pass over its elements.
  func emitRegion(
    _ program: RegionProgram, _ buffers: [BufferRef?], writes: Set<Int>,
    inPlace: [(read: Int, write: Int)], results: [Int], label: String
  ) {
    owners.append(program)
    var node = Node(
      kernel: apus_region_run, params: UnsafeRawPointer(program.pointer), buffers: buffers,
      writes: writes, inPlace: inPlace, label: label, multiplyAdds: 0, order: order,
      site: current?.site, layerPath: current?.layerPath,
      operation: current?.operation.name ?? label)
    node.results = results
    node.program = program
    nodes.append(node)
  }

  /// Adds a copy of a view's elements to a buffer, in row-major order.
  func copy(_ view: StridedView, to target: BufferRef, size: Int) {
    var destination = StridedView(buffer: target.buffer, shape: Shape(view.dims))
    destination.offset = target.byteOffset / size
    copy(view, to: destination, size: size, label: "copy \(Shape(view.dims))")
  }

  /// Adds a copy of one view's elements to those of another of the same extents.
  func copy(_ source: StridedView, to target: StridedView, size: Int, label: String) {
    var params = apus_copy_params()
    // Axes merge only where both views step evenly.
    var dims: [Int] = []
    var from: [Int] = []
    var to: [Int] = []
    for axis in source.dims.indices where source.dims[axis] != 1 {
      let extent = source.dims[axis]
      if let a = from.last, let b = to.last, a == source.strides[axis] * extent,
        b == target.strides[axis] * extent
      {
        dims[dims.count - 1] *= extent
        from[from.count - 1] = source.strides[axis]
        to[to.count - 1] = target.strides[axis]
      } else {
        dims.append(extent)
        from.append(source.strides[axis])
        to.append(target.strides[axis])
      }
    }
    params.rank = Int32(dims.count)
    params.element_size = Int32(size)
    params.source_offset = Int64(source.offset)
    params.destination_offset = Int64(target.offset)
    fill(&params.sizes, dims)
    fill(&params.source_strides, from)
    fill(&params.destination_strides, to)
    writable.insert(target.buffer)
    emit(
      apus_copy, params, [BufferRef(buffer: source.buffer), BufferRef(buffer: target.buffer)],
      label: label)
    nodes[nodes.count - 1].traffic = Traffic(copying: source, to: target, size: size)
  }
}

/// A kernel's parameter structure on the heap.
final class Parameters {
  let pointer: UnsafeRawPointer

  init<P: BitwiseCopyable>(_ value: P) {
    let memory = UnsafeMutablePointer<P>.allocate(capacity: 1)
    memory.initialize(to: value)
    pointer = UnsafeRawPointer(memory)
  }

  deinit { pointer.deallocate() }
}

/// Writes integers into a C array member of eight 64-bit integers.
func fill<Array8>(_ target: inout Array8, _ values: [Int]) {
  withUnsafeMutableBytes(of: &target) { bytes in
    for (index, value) in values.enumerated() where (index + 1) * 8 <= bytes.count {
      bytes.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
  }
}
