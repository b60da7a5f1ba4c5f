import ApusCore
import Synchronization

/// Notes the layer calls of one pass, outer calls after the inner ones as they return.
final class SummaryObserver: CallObserver {
  struct Call: Sendable {
    let path: String
    let module: any Module
    let output: TensorType
    var isLeaf: Bool

    /// Whether a parameter of the rest path belongs to the layer itself rather than to a part.
    func owns(_ rest: Substring, in tree: ModuleTree) -> Bool {
      let prefix = path.isEmpty ? "" : path + "."
      return !tree.modules.contains { part, _ in
        part != path && part.hasPrefix(prefix)
          && rest.hasPrefix(part.dropFirst(prefix.count) + ".")
      }
    }
  }

  private let noted = Mutex<[Call]>([])

  /// The calls, parts before the layer that holds them.
  var calls: [Call] { noted.withLock { $0 } }

  func record(_ module: any Module, output: Tensor) {
    let path = LayerScope.current?.path ?? ""
    noted.withLock { calls in
      let prefix = path.isEmpty ? "" : path + "."
      let isLeaf = !calls.contains { $0.path != path && $0.path.hasPrefix(prefix) }
      calls.append(Call(path: path, module: module, output: output.type, isLeaf: isLeaf))
    }
  }

  /// Multiply-adds by layer path.
  static func multiplyAdds(
    of output: Tensor, from input: Tensor
  ) throws(TensorError) -> [String: Int] {
    let graph = try Graph.capture([output], inputs: [input]).graph
    var result: [String: Int] = [:]
    for instruction in graph.instructions {
      let operands = instruction.operands.map { graph.types[$0] }
      let work = instruction.operation.multiplyAdds(operands)
      if work > 0 { result[instruction.layerPath ?? "", default: 0] += work }
    }
    return result
  }
}
