import ApusCore

/// Turns a graph into what the planner works on: composites nobody claims are written out, 16-bit
/// floats are converted around kernels that lack them, equal computations are shared, and what the
/// constants decide is decided.
struct Simplifier {
  private struct Key: Hashable {
    let operation: any Operation
    let operands: [Int]
    static func == (a: Key, b: Key) -> Bool {
      a.operands == b.operands && areEqual(a.operation, b.operation)
    }
    func hash(into hasher: inout Hasher) {
      operation.hash(into: &hasher)
      operands.hash(into: &hasher)
    }
  }

  private(set) var graph = PlanGraph()
  private let configuration: CPUConfiguration
  private var known: [Key: [Int]] = [:]
  /// What a kernel computed in 32 bits, by the 16-bit value made of it.
  private var unrounded: [Int: Int] = [:]

  private init(_ configuration: CPUConfiguration) { self.configuration = configuration }

  /// Simplifies a graph.
  static func simplify(
    _ source: Graph, for configuration: CPUConfiguration
  ) throws(TensorError) -> PlanGraph {
    var simplifier = Simplifier(configuration)
    let inputs = (0..<source.inputCount).map {
      simplifier.graph.addValue(source.types[$0], .input($0))
    }
    simplifier.graph.outputs = try simplifier.inline(source, inputs, site: nil, path: nil)
    simplifier.graph.removeUnused()
    simplifier.graph.keepSums(configuration)
    simplifier.graph.removeUnused()
    return simplifier.graph
  }

  /// Adds the instructions of `source`; returns its outputs.
  private mutating func inline(
    _ source: Graph, _ inputs: [Int], site: CallSite?, path: String?
  ) throws(TensorError) -> [Int] {
    var values = inputs
    var readers = Array(repeating: 0, count: source.types.count)
    for value in source.instructions.flatMap(\.operands) + source.outputs { readers[value] += 1 }
    for instruction in source.instructions {
      let types = (0..<instruction.resultCount).map { source.types[instruction.firstResult + $0] }
      let operands = instruction.operands.map { values[$0] }
      let place = (instruction.site ?? site, instruction.layerPath ?? path)
      if let operand = operands.first,
        let product = try transposedProduct(
          instruction.operation, operand, isOnlyReader: readers[instruction.operands[0]] == 1,
          types[0], site: place.0, path: place.1)
      {
        values.append(product)
        continue
      }
      values += try add(instruction.operation, operands, types, site: place.0, path: place.1)
    }
    return source.outputs.map { values[$0] }
  }

  mutating func add(
    _ operation: any Operation, _ operands: [Int], _ types: [TensorType], site: CallSite?,
    path: String?
  ) throws(TensorError) -> [Int] {
    let operandTypes = operands.map { graph.types[$0] }
    switch operation.cpu {
    case .instruction, .view, .value:
      if let simpler = simplify(operation, operands, types[0]) { return [simpler] }
      return append(operation, operands, types, site, path)
    case .kernel, .decomposition:
      if let simpler = simplify(operation, operands, types[0]) { return [simpler] }
      if operation is Reduce { return append(operation, operands, types, site, path) }
      if let kernel = operation as? any KernelLowering, kernel.claims(operandTypes) {
        return addKernel(kernel, operands, types, site, path)
      }
      guard let composite = operation as? any Composite else {
        throw TensorError(
          operation: operation.name, reason: "the CPU executor has no kernel for these operands",
          operands: operandTypes.enumerated().map { .init(name: "operand \($0)", type: $1) },
          layerPath: path, site: site)
      }
      return try addDecomposition(of: composite, operands, site, path)
    }
  }

  private mutating func addDecomposition(
    of composite: any Composite, _ operands: [Int], _ site: CallSite?, _ path: String?
  ) throws(TensorError) -> [Int] {
    let standIns = operands.map { Tensor.placeholder(graph.types[$0]) }
    let captured = try Graph.capture(composite.decomposition(standIns), inputs: standIns)
    var inputs = operands
    for leaf in captured.leaves.dropFirst(operands.count) {
      let storage = try leaf.evaluatedStorage()
      graph.data.append(storage)
      inputs.append(graph.addValue(leaf.type, .data(graph.data.count - 1)))
    }
    return try inline(captured.graph, inputs, site: site, path: path)
  }

  /// Adds a kernel, with 16-bit floats widened around it where it does not compute in them.
  ///
  /// A result that is rounded to 16 bits only to be widened again stays as the kernel gave it.
  private mutating func addKernel(
    _ kernel: any KernelLowering, _ operands: [Int], _ types: [TensorType], _ site: CallSite?,
    _ path: String?
  ) -> [Int] {
    let wanted = kernel.kernelTypes(
      KernelTypes(operands: operands.map { graph.types[$0] }, results: types), configuration)
    var given: [Int] = []
    for (operand, type) in zip(operands, wanted.operands) {
      given.append(convert(operand, to: type.dtype))
    }
    let results = append(kernel, given, wanted.results, site, path)
    return zip(results, types).map { result, type in
      let rounded = convert(result, to: type.dtype)
      if rounded != result { unrounded[rounded] = result }
      return rounded
    }
  }

  private mutating func convert(_ value: Int, to dtype: DType) -> Int {
    let type = graph.types[value]
    if type.dtype == dtype { return value }
    if let wide = unrounded[value], graph.types[wide].dtype == dtype { return wide }
    return append(Convert(dtype), [value], [type.with(dtype: dtype)], nil, nil)[0]
  }

  private mutating func append(
    _ operation: any Operation, _ operands: [Int], _ types: [TensorType], _ site: CallSite?,
    _ path: String?
  ) -> [Int] {
    let key = Key(operation: operation, operands: operands)
    if let results = known[key] { return results }
    let results = graph.append(operation, operands, types, site: site, layerPath: path)
    known[key] = results
    return results
  }

  /// A value that equals the operation's result at less cost, if there is one.
  private mutating func simplify(
    _ operation: any Operation, _ operands: [Int], _ type: TensorType
  ) -> Int? {
    if operands.count == 1 && type == graph.types[operands[0]],
      operation is Reshape || operation is Broadcast || operation is Convert
        || operation is Reduce
    {
      return operands[0]
    }
    if operation is Convert, let wide = unrounded[operands[0]], graph.types[wide] == type {
      return wide
    }
    if let folded = Folding.fold(operation, operands.map { graph.constant($0) }, type) {
      return append(Constant(folded, type), [], [type], nil, nil)[0]
    }
    if let binary = operation as? BinaryOperation,
      let kept = Folding.neutral(
        binary, graph.constant(operands[0]), graph.constant(operands[1]))
    {
      return operands[kept]
    }
    return nil
  }
}
