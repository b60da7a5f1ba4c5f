import ApusCore
import CApusKernels

/// Writes the tile program of one region: loads, instructions, stores and reductions.
struct RegionBuilder {
  /// A value in a tile register.
  typealias Register = Int32

  let plan: PlanBuilder
  let fusion: Fusion
  let members: Set<Int>
  private var loads: [apus_access] = []
  private var loadedViews: [StridedView: Register] = [:]
  private var instructions: [apus_instruction] = []
  private var stores: [apus_access] = []
  private var reductions: [apus_reduction] = []
  private var registers: [Int: Register] = [:]
  private var fills: [FillKey: Register] = [:]
  private var registerCount: Register = 0
  private var buffers: [Int] = []
  private var labels: [String] = []
  /// For every buffer read: whether each element is read only at its own place.
  private var readsInOrder: [Int: Bool] = [:]
  private var written: [Int] = []

  private struct FillKey: Hashable {
    let value: Literal
    let type: UInt32
  }

  private init(_ plan: PlanBuilder, members: Set<Int>) {
    self.plan = plan
    fusion = plan.fusion
    self.members = members
  }

  /// Emits the region that computes `values`, given in program order.
  static func emit(_ values: [Int], into plan: PlanBuilder) throws(TensorError) {
    var builder = RegionBuilder(plan, members: Set(values))
    var last: PlanGraph.Instruction?
    for value in values {
      guard case .instruction(let index, _) = plan.graph.sources[value] else { continue }
      let instruction = plan.graph.instructions[index]
      last = instruction
      try builder.add(instruction, value)
    }
    guard let last else { return }
    try builder.finish(values, last)
  }

  // MARK: Values

  private mutating func add(
    _ instruction: PlanGraph.Instruction, _ value: Int
  ) throws(TensorError) {
    let operation = instruction.operation
    let type = plan.graph.types[value]
    if let reduce = operation as? Reduce {
      addReduction(reduce, try register(of: instruction.operands[0]), instruction, value)
      return
    }
    if registers[value] == nil {
      registers[value] = try compute(instruction, operation, type)
      labels.append(operation.name)
    }
    if fusion.stored.contains(value), let register = registers[value] {
      let buffer = plan.buffer(of: value)
      written.append(buffer)
      stores.append(
        apus_access(
          StridedView(buffer: buffer, shape: type.shape), buffer: index(of: buffer),
          slot: register, storage: type.dtype.storage))
    }
  }

  /// The register of an operand: computed in this region, made on the spot, or loaded.
  mutating func register(of operand: Int) throws(TensorError) -> Register {
    let root = fusion.roots[operand]
    if let known = registers[root], members.contains(root) { return known }
    let operation = plan.graph.operation(of: root)
    let dtype = plan.graph.types[root].dtype
    if let constant = operation as? Constant { return fill(constant.value, dtype.compute) }
    if let iota = operation as? Iota {
      let register = load(iota)
      registers[root] = register
      return register
    }
    return load(fusion.views[operand], dtype)
  }

  private mutating func load(_ iota: Iota) -> Register {
    var access = apus_access()
    let dims = iota.type.dims
    access.kind = Int32(apus_iota.rawValue)
    access.slot = newRegister()
    access.storage = Int32(iota.type.dtype.storage.rawValue)
    access.repeat = Int64(dims[(iota.axis + 1)...].reduce(1, *))
    access.period = Int64(dims[iota.axis])
    loads.append(access)
    return access.slot
  }

  mutating func load(_ view: StridedView, _ dtype: DType) -> Register {
    if let known = loadedViews[view] { return known }
    let buffer = plan.buffer(of: view.buffer)
    let access = apus_access(
      view, buffer: index(of: buffer), slot: newRegister(), storage: dtype.storage)
    let inOrder = view.isContiguous && view.offset == 0
    readsInOrder[buffer] = (readsInOrder[buffer] ?? true) && inOrder
    loads.append(access)
    loadedViews[view] = access.slot
    return access.slot
  }

  mutating func fill(_ value: Literal, _ type: apus_compute) -> Register {
    let key = FillKey(value: value, type: type.rawValue)
    if let known = fills[key] { return known }
    let number = value.asInt64
    let register: Register
    if value.isInteger, type == apus_compute_i64, Int64(exactly: Double(number)) != number {
      // Immediates are doubles: larger integers are put together from two halves.
      let high = emit(
        "mul", type, [fill(Literal(number >> 32), type), fill(Literal(Int64(1) << 32), type)])
      register = emit("add", type, [high, fill(Literal(number & 0xFFFF_FFFF), type)])
    } else {
      register = emit("fill", type, [], immediate: value.asDouble)
    }
    fills[key] = register
    return register
  }

  // MARK: Registers

  mutating func emit(
    _ name: String, _ type: apus_compute, _ operands: [Register], immediate: Double = 0
  ) -> Register {
    var instruction = apus_instruction()
    instruction.operation = apus_instruction_lookup(name, Int32(type.rawValue))
    instruction.dst = newRegister()
    if operands.count > 0 { instruction.a = operands[0] }
    if operands.count > 1 { instruction.b = operands[1] }
    if operands.count > 2 { instruction.c = operands[2] }
    instruction.imm.0 = immediate
    instructions.append(instruction)
    return instruction.dst
  }

  private mutating func newRegister() -> Register {
    defer { registerCount += 1 }
    return registerCount
  }

  private mutating func index(of buffer: Int) -> Int32 {
    if let known = buffers.firstIndex(of: buffer) { return Int32(known) }
    buffers.append(buffer)
    return Int32(buffers.count - 1)
  }

  // MARK: Reductions

  private mutating func addReduction(
    _ reduce: Reduce, _ register: Register, _ instruction: PlanGraph.Instruction, _ value: Int
  ) {
    let operand = plan.graph.types[instruction.operands[0]]
    let result = plan.graph.types[value]
    let buffer = plan.buffer(of: value)
    written.append(buffer)
    var view = StridedView(buffer: buffer, shape: result.shape)
    view.dims = operand.dims
    for axis in reduce.axes { view.strides[axis] = 0 }
    var reduction = apus_reduction()
    let code: apus_reduction_operation =
      switch reduce.kind {
      case .sum: apus_reduce_sum
      case .product: apus_reduce_prod
      case .maximum: apus_reduce_max
      case .minimum: apus_reduce_min
      }
    reduction.operation = Int32(code.rawValue)
    reduction.output = apus_access(
      view, buffer: index(of: buffer), slot: register, storage: result.dtype.storage)
    reduction.output_count = Int64(result.count)
    reduction.scale = 1
    reductions.append(reduction)
    labels.append(reduce.name)
  }

  // MARK: Finishing

  private mutating func finish(
    _ values: [Int], _ last: PlanGraph.Instruction
  ) throws(TensorError) {
    if stores.isEmpty && reductions.isEmpty { return }
    let isReduction = last.operation is Reduce
    let shown = isReduction ? last.operands[0] : last.results[0]
    let count = plan.graph.types[shown].count
    // Accesses to nothing have no form that a program takes.
    if count == 0 && reductions.isEmpty { return }
    let registers = RegisterAllocation.compact(
      &loads, &instructions, &stores, &reductions, registerCount)
    var region = apus_region()
    region.count = Int64(count)
    region.load_count = Int32(loads.count)
    region.instruction_count = Int32(instructions.count)
    region.store_count = Int32(stores.count)
    region.reduction_count = Int32(reductions.count)
    region.register_count = registers
    region.scratch_buffer = Int32(buffers.count)
    let source = RegionSource(
      count: count, loads: loads, instructions: instructions, stores: stores,
      reductions: reductions)
    let program = loads.withUnsafeBufferPointer { loads in
      instructions.withUnsafeBufferPointer { instructions in
        stores.withUnsafeBufferPointer { stores in
          reductions.withUnsafeBufferPointer { reductions in
            region.loads = loads.baseAddress
            region.instructions = instructions.baseAddress
            region.stores = stores.baseAddress
            region.reductions = reductions.baseAddress
            return RegionProgram(&region, source: source)
          }
        }
      }
    }
    guard let program else {
      throw TensorError(
        operation: last.operation.name, reason: "the tile program of \(labels) is malformed",
        layerPath: last.layerPath, site: last.site)
    }
    var references = buffers.map { Optional(BufferRef(buffer: $0)) }
    var writes = Set(written)
    let scratch = apus_region_scratch_bytes(
      program.pointer, Int32(plan.threads), plan.deterministic ? 1 : 0)
    if scratch > 0 {
      let buffer = plan.scratch(Int(scratch))
      references.append(buffer)
      writes.insert(buffer.buffer)
    }
    let stored = stores.map { buffers[Int($0.buffer)] }
    let inPlace = stored.flatMap { write in
      buffers.filter { readsInOrder[$0] == true }.map { (read: $0, write: write) }
    }
    plan.emitRegion(
      program, references, writes: writes, inPlace: inPlace, results: values,
      label: "region \(count): " + summary)
  }

  private var summary: String {
    var parts: [String] = []
    for name in labels {
      if let last = parts.last, last.hasPrefix(name) { continue }
      parts.append(name)
    }
    return parts.count > 8
      ? parts.prefix(7).joined(separator: " ") + " … \(labels.count) steps"
      : parts.joined(separator: " ")
  }
}
