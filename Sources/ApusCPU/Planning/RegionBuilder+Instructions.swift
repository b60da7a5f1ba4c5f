import ApusCore
import CApusKernels

/// From operations to tile instructions.
extension RegionBuilder {
  mutating func compute(
    _ instruction: PlanGraph.Instruction, _ operation: any Operation, _ type: TensorType
  ) throws(TensorError) -> Register {
    if operation is Constant || operation is Iota {
      return try register(of: fusion.roots[instruction.results[0]])
    }
    guard case .instruction(let name) = operation.cpu else {
      // A view that strides cannot express: the load in row-major order is the copy.
      return load(fusion.views[instruction.operands[0]], type.dtype)
    }
    if let convert = operation as? Convert {
      let source = plan.graph.types[instruction.operands[0]].dtype
      return conversion(try register(of: instruction.operands[0]), from: source, to: convert.dtype)
    }
    if let fused = try reluGradient(instruction) { return fused }
    if let short = try withImmediate(instruction, name, type) { return short }
    var operands: [Register] = []
    for operand in instruction.operands { operands.append(try register(of: operand)) }
    let operandType = plan.graph.types[instruction.operands.last ?? instruction.results[0]].dtype
    guard apus_instruction_lookup(name, Int32(operandType.compute.rawValue)) != nil else {
      throw TensorError(
        operation: operation.name, reason: "the CPU executor cannot compute it for \(operandType)",
        layerPath: instruction.layerPath, site: instruction.site)
    }
    let result = emit(name, operandType.compute, operands)
    return type.dtype == .uint8 ? wrapped(result) : result
  }

  /// `where(x > 0, dy, 0)` in one instruction, where the comparison belongs to this region: of one
  /// made elsewhere only the outcome is in memory, not `x`.
  private mutating func reluGradient(
    _ instruction: PlanGraph.Instruction
  ) throws(TensorError) -> Register? {
    let graph = plan.graph
    guard instruction.operation is Select, members.contains(instruction.operands[0]),
      graph.types[instruction.operands[1]].dtype.isFloating,
      graph.constant(instruction.operands[2])?.asDouble == 0,
      case .instruction(let index, _) = graph.sources[instruction.operands[0]]
    else { return nil }
    let condition = graph.instructions[index]
    guard let compare = condition.operation as? BinaryOperation, compare.name == "greater",
      graph.constant(condition.operands[1])?.asDouble == 0,
      graph.types[condition.operands[0]].dtype == graph.types[instruction.operands[1]].dtype
    else { return nil }
    let dy = try register(of: instruction.operands[1])
    let x = try register(of: condition.operands[0])
    return emit("relu_grad", graph.types[instruction.operands[1]].dtype.compute, [dy, x])
  }

  /// Binary operations with a number on one side.
  private mutating func withImmediate(
    _ instruction: PlanGraph.Instruction, _ name: String, _ type: TensorType
  ) throws(TensorError) -> Register? {
    guard instruction.operands.count == 2, type.dtype.isFloating else { return nil }
    let (a, b) = (instruction.operands[0], instruction.operands[1])
    if let number = plan.graph.constant(b)?.asDouble {
      let forms = [
        "add": "add_i", "mul": "mul_i", "div": "div_i", "pow": "pow_i", "max": "max_i",
        "min": "min_i", "sub": "add_i",
      ]
      guard let form = forms[name] else { return nil }
      return emit(
        form, type.dtype.compute, [try register(of: a)],
        immediate: name == "sub" ? -number : number)
    }
    if let number = plan.graph.constant(a)?.asDouble {
      let forms = [
        "add": "add_i", "mul": "mul_i", "div": "rdiv_i", "max": "max_i", "min": "min_i",
        "sub": "rsub_i",
      ]
      guard let form = forms[name] else { return nil }
      return emit(form, type.dtype.compute, [try register(of: b)], immediate: number)
    }
    return nil
  }

  private mutating func conversion(
    _ register: Register, from source: DType, to target: DType
  ) -> Register {
    if target == .bool {
      return emit("ne", source.compute, [register, fill(Literal(0.0), source.compute)])
    }
    var register = register
    if target == .uint8 && source.isFloating {
      register = emit("max_i", source.compute, [register], immediate: 0)
      register = emit("min_i", source.compute, [register], immediate: 255)
    }
    if source.compute != target.compute {
      register = emit(source.compute.conversionName, target.compute, [register])
    }
    if target == .uint8 && !source.isFloating { register = wrapped(register) }
    return register
  }

  private mutating func wrapped(_ register: Register) -> Register {
    emit("and", apus_compute_i32, [register, fill(Literal(Int64(255)), apus_compute_i32)])
  }
}
