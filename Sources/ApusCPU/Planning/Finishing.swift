import ApusCore

/// What a kernel does to its results as it writes them, in this order.
struct Finish: Hashable, Sendable {
  /// Adds a vector along the last axis; an operand after the kernel's own.
  var hasBias = false
  /// Adds a tensor of the result's type; the last operand.
  var hasAddend = false
  /// Clamps at zero from below; NaN stays.
  var isRectified = false
}

/// A kernel with results `[…, channels]` that can do some elementwise work on them.
protocol FinishingKernel: KernelLowering {
  /// How much of a finish the kernel can take over for operands and results of these types.
  ///
  /// - Parameter standing: Whether the weights, the second operand, stand.
  func ableToFinish(
    _ types: KernelTypes, standing: Bool, _ configuration: CPUConfiguration
  ) -> Finish

  /// The weights' type with all axes but the one of the result's channels reduced to 1.
  func channelsOfWeights(_ type: TensorType) -> Shape

  /// Emits the kernels that compute `call` and finish it.
  func lower(
    _ call: KernelCall, _ finish: Finish, into builder: PlanBuilder
  ) throws(TensorError)
}

extension FinishingKernel {
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    try lower(call, Finish(), into: builder)
  }
}

/// A kernel and its finish, as one instruction of a plan.
struct Finished<Kernel: FinishingKernel>: KernelLowering {
  let kernel: Kernel
  let finish: Finish

  var name: String { kernel.name }
  var cpu: CPUKernel { .kernel }
  func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try kernel.resultTypes(Array(operands.prefix(2)))
  }
  /// Plans are not differentiated.
  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    call.operands.map { _ in nil }
  }
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    try kernel.lower(call, finish, into: builder)
  }
}

/// Finds elementwise work that kernels can do on results still at hand.
///
/// `y = relu((conv(x, w) + b)·s + t + r)` becomes one kernel with weights `w·s` and bias `b·s + t`
/// where `w` and `s` stand, so that scaling is done once; without standing weights the kernel still
/// adds and clamps. Every step must be the only reader of the one before.
struct Finishing {
  private enum Step {
    case scale(Int, any Operation)
    case bias(Int, any Operation)
    case addend(Int)
    case rectify
  }

  private struct Chain {
    let kernel: any FinishingKernel
    let first: PlanGraph.Instruction
    var finish = Finish()
    var steps: [Step] = []
    var instructions: [Int] = []
    var result: Int
  }

  private let source: PlanGraph
  private let stands: StandingValues
  private let configuration: CPUConfiguration
  private var readers: [Int: [Int]] = [:]
  private var graph = PlanGraph()
  private var values: [Int]

  /// Returns the graph with kernels that finish their results.
  static func applied(
    to graph: PlanGraph, standing inputs: Set<Int>, _ configuration: CPUConfiguration
  ) -> PlanGraph {
    var finishing = Finishing(graph, StandingValues(graph, inputs: inputs), configuration)
    return finishing.run()
  }

  private init(
    _ source: PlanGraph, _ stands: StandingValues, _ configuration: CPUConfiguration
  ) {
    self.source = source
    self.stands = stands
    self.configuration = configuration
    values = Array(repeating: -1, count: source.types.count)
    for (index, instruction) in source.instructions.enumerated() {
      for operand in instruction.operands { readers[operand, default: []].append(index) }
    }
    for output in source.outputs { readers[output, default: []].append(-1) }
  }

  private mutating func run() -> PlanGraph {
    graph.data = source.data
    for value in source.types.indices {
      if case .instruction = source.sources[value] { continue }
      values[value] = graph.addValue(source.types[value], source.sources[value])
    }
    var endings: [Int: Chain] = [:]
    var absorbed: Set<Int> = []
    for (index, instruction) in source.instructions.enumerated() {
      guard let chain = chain(from: instruction, besides: absorbed),
        let last = chain.instructions.last
      else { continue }
      endings[last] = chain
      absorbed.insert(index)
      absorbed.formUnion(chain.instructions)
    }
    for (index, instruction) in source.instructions.enumerated() {
      if let chain = endings[index] {
        values[chain.result] = emit(chain)
      } else if !absorbed.contains(index) {
        let results = graph.append(
          instruction.operation, instruction.operands.map { values[$0] },
          instruction.results.map { source.types[$0] }, site: instruction.site,
          layerPath: instruction.layerPath)
        for (old, new) in zip(instruction.results, results) { values[old] = new }
      }
    }
    graph.outputs = source.outputs.map { values[$0] }
    return graph
  }

  // MARK: Finding

  /// The longest chain from a kernel on, up to steps that belong to another: a sum of two kernels'
  /// results is finished by one of them.
  private func chain(
    from first: PlanGraph.Instruction, besides taken: Set<Int>
  ) -> Chain? {
    guard let kernel = first.operation as? any FinishingKernel, first.operands.count == 2,
      first.results.count == 1
    else { return nil }
    let types = KernelTypes(
      operands: first.operands.map { source.types[$0] },
      results: first.results.map { source.types[$0] })
    let standing = stands[first.operands[1]]
    let able = kernel.ableToFinish(types, standing: standing, configuration)
    var chain = Chain(kernel: kernel, first: first, result: first.results[0])
    while let index = soleReader(of: chain.result), !taken.contains(index),
      let step = step(source.instructions[index], chain, able, standing: standing)
    {
      switch step {
      case .scale: break
      case .bias: chain.finish.hasBias = true
      case .addend: chain.finish.hasAddend = true
      case .rectify: chain.finish.isRectified = true
      }
      chain.steps.append(step)
      chain.instructions.append(index)
      chain.result = source.instructions[index].results[0]
    }
    return chain.steps.isEmpty ? nil : chain
  }

  private func soleReader(of value: Int) -> Int? {
    guard let readers = readers[value], readers.count == 1, readers[0] >= 0 else { return nil }
    return readers[0]
  }

  /// The step that an instruction is, if the kernel can take it as well.
  private func step(
    _ instruction: PlanGraph.Instruction, _ chain: Chain, _ able: Finish, standing: Bool
  ) -> Step? {
    let type = source.types[chain.result]
    guard instruction.results.count == 1, source.types[instruction.results[0]] == type,
      !chain.finish.isRectified
    else { return nil }
    if instruction.operands.count == 1 {
      return able.isRectified && instruction.operation.name == "relu" ? .rectify : nil
    }
    guard instruction.operands.count == 2, instruction.operation is BinaryOperation,
      !chain.finish.hasAddend
    else { return nil }
    let other = instruction.operands[instruction.operands[0] == chain.result ? 1 : 0]
    switch instruction.operation.name {
    case "multiply":
      guard standing, able.hasBias, let scale = vector(other, along: type), stands.isSteady(scale)
      else {
        return nil
      }
      return .scale(scale, instruction.operation)
    case "add":
      if able.hasBias, let bias = vector(other, along: type) {
        return .bias(bias, instruction.operation)
      }
      return able.hasAddend && source.types[other] == type ? .addend(other) : nil
    default: return nil
    }
  }

  /// The vector that a value repeats along all axes but the last.
  private func vector(_ value: Int, along type: TensorType) -> Int? {
    guard let instruction = source.instruction(of: value), instruction.operation is Broadcast,
      let channels = type.dims.last, channels > 1
    else { return nil }
    let dims = source.types[instruction.operands[0]].dims
    return dims.last == channels && dims.dropLast().allSatisfy { $0 == 1 }
      ? instruction.operands[0] : nil
  }

  // MARK: Building

  private mutating func emit(_ chain: Chain) -> Int {
    var weights = values[chain.first.operands[1]]
    var bias: Int?
    var addend: Int?
    for step in chain.steps {
      switch step {
      case .scale(let vector, let multiply):
        let scale = flattened(values[vector])
        let shape = chain.kernel.channelsOfWeights(graph.types[weights])
        weights = add(multiply, weights, broadcast(scale, through: shape, to: weights), chain)
        bias = bias.map { add(multiply, $0, scale, chain) }
      case .bias(let vector, let sum):
        let next = flattened(values[vector])
        bias = bias.map { add(sum, $0, next, chain) } ?? next
      case .addend(let value): addend = values[value]
      case .rectify: break
      }
    }
    var finish = chain.finish
    finish.hasBias = bias != nil
    let operands = [values[chain.first.operands[0]], weights] + [bias, addend].compactMap { $0 }
    return append(
      finished(chain.kernel, finish), operands, source.types[chain.result], chain)
  }

  private func finished(_ kernel: some FinishingKernel, _ finish: Finish) -> any Operation {
    Finished(kernel: kernel, finish: finish)
  }

  private mutating func append(
    _ operation: any Operation, _ operands: [Int], _ type: TensorType, _ chain: Chain
  ) -> Int {
    graph.append(
      operation, operands, [type], site: chain.first.site, layerPath: chain.first.layerPath)[0]
  }

  private mutating func add(
    _ operation: any Operation, _ a: Int, _ b: Int, _ chain: Chain
  ) -> Int {
    append(operation, [a, b], graph.types[a], chain)
  }

  private mutating func flattened(_ value: Int) -> Int {
    let type = graph.types[value]
    return type.rank == 1 ? value : reshaped(value, to: Shape([type.count]))
  }

  private mutating func reshaped(_ value: Int, to shape: Shape) -> Int {
    let type = graph.types[value].with(shape: shape)
    return graph.append(Reshape(shape: shape), [value], [type], site: nil, layerPath: nil)[0]
  }

  private mutating func broadcast(_ scale: Int, through shape: Shape, to weights: Int) -> Int {
    let type = graph.types[weights]
    let column = reshaped(scale, to: shape)
    return graph.append(
      Broadcast(shape: type.shape), [column], [type], site: nil, layerPath: nil)[0]
  }
}
