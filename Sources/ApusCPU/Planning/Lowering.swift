import ApusCore
import CApusKernels

/// A plan before it has memory: all nodes, and what is to happen with the results.
struct Lowering {
  let builder: PlanBuilder
  let schedule: Schedule
  let prologue: Prologue

  init(
    _ source: Graph, _ options: CompileOptions, _ configuration: CPUConfiguration
  ) throws(TensorError) {
    var graph = try Simplifier.simplify(source, for: configuration)
    // Looking for values that are not finite takes every kernel in every run.
    let standing =
      options.watchesNonFinite ? [] : options.standing.subtracting(options.donations.values)
    if !options.watchesNonFinite {
      graph = PoolingOrder.apply(to: BatchNormFusion.apply(to: graph))
      graph = Finishing.applied(to: graph, standing: standing, configuration)
    }
    let fusion = Fusion(graph, standing: standing, isolating: options.watchesNonFinite)
    builder = PlanBuilder(graph, fusion, configuration)
    try Lowering.emitNodes(builder)
    let donations = Lowering.bindOutputs(builder, options)
    var refused: [(result: Int, input: Int)] = []
    var schedule = Schedule(builder, donations: donations, refused: &refused)
    if !refused.isEmpty {
      for pair in refused {
        builder.begin(nil, order: .max)
        builder.copyBuffer(pair.result, to: pair.input)
      }
      let kept = donations.filter { pair in !refused.contains { $0.result == pair.result } }
      var none: [(result: Int, input: Int)] = []
      schedule = Schedule(builder, donations: kept, refused: &none)
      precondition(none.isEmpty)
    }
    self.schedule = schedule
    prologue = Prologue(builder, standing: standing, aliases: schedule.aliases)
  }

  /// Emits regions and kernels, level by level.
  private static func emitNodes(_ builder: PlanBuilder) throws(TensorError) {
    let (graph, fusion) = (builder.graph, builder.fusion)
    enum Item {
      case region([Int])
      case kernel(Int)
    }
    var regions: [Int: [Int]] = [:]
    var items: [(level: Int, order: Int, item: Item)] = []
    for (index, instruction) in graph.instructions.enumerated() {
      if let first = instruction.results.first, fusion.kinds[first] == .kernel {
        items.append((fusion.levels[first], index, .kernel(index)))
      }
      for value in instruction.results {
        if let region = fusion.regions[value] { regions[region, default: []].append(value) }
      }
    }
    for (_, values) in regions {
      guard let last = values.last else { continue }
      guard case .instruction(let index, _) = graph.sources[last] else { continue }
      items.append((fusion.levels[last], index, .region(values)))
    }
    items.sort { ($0.level, $0.order) < ($1.level, $1.order) }
    for (_, order, item) in items {
      switch item {
      case .kernel(let index): try builder.lower(graph.instructions[index], order: order)
      case .region(let values):
        builder.begin(graph.instructions[order], order: order)
        try RegionBuilder.emit(values, into: builder)
      }
    }
  }

  /// Decides where each output is written; returns the results that take over an input's memory.
  private static func bindOutputs(
    _ builder: PlanBuilder, _ options: CompileOptions
  ) -> [(result: Int, input: Int)] {
    let graph = builder.graph
    var donations: [(result: Int, input: Int)] = []
    var claimed: Set<Int> = []
    var external = 0
    for (position, output) in graph.outputs.enumerated() {
      let base = builder.fusion.views[output].buffer
      let isWhole =
        builder.fusion.views[output].isContiguous
        && graph.types[base].byteCount == graph.types[output].byteCount
      let isComputed: Bool =
        if case .instruction = graph.sources[base] { true } else { false }
      let buffer = builder.buffer(of: base)
      let canBind = isWhole && isComputed && claimed.insert(buffer).inserted
      builder.begin(nil, order: .max)
      if let input = options.donations[position] {
        let target = builder.inputBuffer(input)
        if canBind {
          donations.append((buffer, target))
        } else if buffer != target || !isWhole {
          // A view, an input or a constant: copied aside first, in case the source is overwritten.
          let temporary = builder.temporaryCopy(of: output)
          donations.append((temporary, target))
        }
        continue
      }
      if canBind {
        builder.setRole(.output(external), of: buffer)
      } else {
        builder.copyOutput(output, external: external)
      }
      external += 1
    }
    return donations
  }
}

extension PlanBuilder {
  /// The buffer of an input, whether or not a kernel reads it.
  func inputBuffer(_ index: Int) -> Int {
    guard let value = graph.sources.firstIndex(of: .input(index)) else { return 0 }
    return buffer(of: value)
  }

  /// Copies one whole buffer to another.
  func copyBuffer(_ source: Int, to target: Int) {
    let bytes = buffers[source].byteCount
    let view = StridedView(buffer: source, shape: [bytes])
    copy(view, to: BufferRef(buffer: target), size: 1)
  }

  /// Copies a value to a fresh buffer.
  func temporaryCopy(of value: Int) -> Int {
    let type = graph.types[value]
    let target = newBuffer(.value, bytes: type.byteCount)
    copy(
      view(KernelCall.Value(id: value, type: type)), to: BufferRef(buffer: target),
      size: type.dtype.byteCount)
    return target
  }

  /// Copies a value that cannot be computed in place to an output.
  func copyOutput(_ value: Int, external: Int) {
    let type = graph.types[value]
    let target = newBuffer(.output(external), bytes: type.byteCount)
    copy(
      view(KernelCall.Value(id: value, type: type)), to: BufferRef(buffer: target),
      size: type.dtype.byteCount)
  }
}
