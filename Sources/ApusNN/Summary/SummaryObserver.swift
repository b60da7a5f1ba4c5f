import ApusCore
import Synchronization

/// Notes the layer calls of one pass, outer calls after the inner ones as they return.
final class SummaryObserver: CallObserver {
  struct Call: Sendable {
    let path: String
    let module: any Module
    let output: TensorType
  }

  private let noted = Mutex<[Call]>([])

  /// The calls, parts before the layer that holds them.
  var calls: [Call] { noted.withLock { $0 } }

  func record(_ module: any Module, output: Tensor) {
    // A wrapper stands at the path of what it wraps, which has told of itself.
    if module is any TransparentModule { return }
    let call = Call(path: LayerScope.current?.path ?? "", module: module, output: output.type)
    noted.withLock { $0.append(call) }
  }
}

/// Multiply-adds by the path of the layer that causes them.
struct WorkByPath {
  private(set) var counts: [String: Int] = [:]

  init(of outputs: [Tensor], from inputs: [Tensor]) throws(TensorError) {
    add(try Graph.capture(outputs, inputs: inputs).graph, times: 1, path: "")
  }

  private mutating func add(_ graph: Graph, times: Int, path: String) {
    for instruction in graph.instructions {
      let place = instruction.layerPath ?? path
      switch instruction.operation {
      case let scan as Scan: add(scan.body, times: times.timesClamped(scan.length), path: place)
      case let checkpoint as Checkpoint: add(checkpoint.body, times: times, path: place)
      default:
        let work = instruction.operation.multiplyAdds(instruction.operands.map { graph.types[$0] })
        if work > 0 { counts[place, default: 0].addClamped(work.timesClamped(times)) }
      }
    }
  }
}

extension Summary {
  /// Puts together what was seen of a call.
  init(
    of module: any Module, calls: [SummaryObserver.Call], _ work: WorkByPath, outputs: [Tensor]
  ) {
    let tree = ModuleTree(module)
    var calls = calls
    if !calls.contains(where: { $0.path.isEmpty }) {
      let output = outputs.first?.type ?? TensorType(.float32, [0])
      calls.append(.init(path: "", module: module, output: output))
    }
    let listed = Set(calls.map(\.path))
    /// The nearest listed part that holds a path.
    func home(_ path: String) -> String {
      var path = path
      while !listed.contains(path) {
        path = path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
      }
      return path
    }
    let paths = Dictionary(
      tree.modules.map { (ObjectIdentifier($0.module), $0.path) }, uniquingKeysWith: { a, _ in a })
    var held: [String: (all: Int, trainable: Int)] = [:]
    for (_, parameter) in tree.parameters {
      let owner = tree.owners[ObjectIdentifier(parameter.variable)].flatMap { paths[$0] }
      let count = parameter.type?.count ?? 0
      held[home(owner ?? ""), default: (0, 0)].all.addClamped(count)
      if parameter.isTrainable { held[home(owner ?? ""), default: (0, 0)].trainable += count }
    }
    var done: [String: Int] = [:]
    for (path, count) in work.counts { done[home(path), default: 0].addClamped(count) }

    let places = Set(tree.modules.map(\.path))
    var counted: Set<String> = []
    rows = calls.map { call in
      let isFirst = counted.insert(call.path).inserted
      let isLeaf = !listed.contains { $0.isBelow(call.path) }
      let own = isFirst ? held[call.path] : nil
      return Row(
        path: call.path,
        depth: places.count { call.path.isBelow($0) },
        layer: isLeaf ? "\(call.module)" : "\(type(of: call.module))", output: call.output,
        parameters: own?.all ?? 0, trainableParameters: own?.trainable ?? 0,
        multiplyAdds: isFirst ? done[call.path] ?? 0 : 0,
        activationBytes: isLeaf ? call.output.byteCount : 0)
    }
    parameterCount = held.values.reduce(0) { $0.plusClamped($1.all) }
    trainableCount = held.values.reduce(0) { $0.plusClamped($1.trainable) }
    bufferCount = tree.buffers.reduce(0) { $0.plusClamped($1.buffer.type?.count ?? 0) }
  }
}
