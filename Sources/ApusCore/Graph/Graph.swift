/// A computation as an executor sees it: a flat list of operations over numbered values.
///
/// Values are numbered in order: first the inputs, then the results of each instruction. Equal
/// graphs compute the same function, so plans are cached by graph; where a call was written does
/// not take part.
public struct Graph: Sendable, Hashable {
  /// One operation applied to values.
  public struct Instruction: Sendable, Hashable {
    public let operation: any Operation
    public let operands: [Int]
    /// The number of the first result; the others follow.
    public let firstResult: Int
    public let resultCount: Int
    public let site: CallSite?
    public let layerPath: String?

    public static func == (a: Self, b: Self) -> Bool {
      a.operands == b.operands && a.firstResult == b.firstResult
        && areEqual(a.operation, b.operation)
    }
    public func hash(into hasher: inout Hasher) {
      operation.hash(into: &hasher)
      operands.hash(into: &hasher)
    }
  }

  /// The number of inputs.
  public package(set) var inputCount: Int
  /// The type of every value.
  public package(set) var types: [TensorType]
  public package(set) var instructions: [Instruction]
  /// The values asked for.
  public package(set) var outputs: [Int]

  /// The multiply-adds of all operations.
  public var multiplyAdds: Int {
    instructions.reduce(0) { sum, instruction in
      sum.plusClamped(instruction.operation.multiplyAdds(instruction.operands.map { types[$0] }))
    }
  }

  package init(inputs: [TensorType]) {
    inputCount = inputs.count
    types = inputs
    instructions = []
    outputs = []
  }

  package mutating func append(
    _ operation: any Operation, _ operands: [Int], results: [TensorType], site: CallSite? = nil,
    layerPath: String? = nil
  ) -> Int {
    let first = types.count
    types.append(contentsOf: results)
    instructions.append(
      Instruction(
        operation: operation, operands: operands, firstResult: first, resultCount: results.count,
        site: site, layerPath: layerPath))
    return first
  }
}

/// Whether two operations are of one type and equal.
package func areEqual(_ a: any Operation, _ b: any Operation) -> Bool {
  func compare<T: Operation>(_ a: T) -> Bool { (b as? T) == a }
  return compare(a)
}

extension Graph {
  /// A graph and the tensors to run it on.
  package struct Captured {
    package var graph: Graph
    /// Leaves in input order: the given ones first, then those found.
    package var leaves: [Tensor]
  }

  /// Flattens what `roots` are computed from.
  ///
  /// `inputs` come first among the inputs, used or not; every other tensor that already has values
  /// follows. Throws when a placeholder is neither given nor known.
  package static func capture(
    _ roots: [Tensor], inputs: [Tensor] = []
  ) throws(TensorError) -> Captured {
    for tensor in roots { if let error = tensor.error { throw error } }
    let given = Dictionary(
      inputs.enumerated().map { (TensorID($1), $0) }, uniquingKeysWith: { a, _ in a })
    let givenNodes = Set(inputs.map { ObjectIdentifier($0.node) })
    let order = topologicalOrder(of: roots) { node in
      givenNodes.contains(ObjectIdentifier(node)) || node.isKnown
    }
    var leaves = inputs
    var numbers: [ObjectIdentifier: Int] = [:]
    for node in order where node.isKnown && !givenNodes.contains(ObjectIdentifier(node)) {
      numbers[ObjectIdentifier(node)] = leaves.count
      for result in node.types.indices { leaves.append(Tensor(node: node, result: result)) }
    }
    var graph = Graph(inputs: leaves.map(\.type))
    func number(_ tensor: Tensor) -> Int {
      given[TensorID(tensor)] ?? numbers[ObjectIdentifier(tensor.node), default: 0] + tensor.result
    }
    // As they were recorded: a gradient of weights right where its operands are at hand, instead of
    // after everything that the first root needs.
    for node in order.sorted(by: { $0.number < $1.number })
    where numbers[ObjectIdentifier(node)] == nil {
      if givenNodes.contains(ObjectIdentifier(node)) { continue }
      if node.operation is Placeholder {
        throw TensorError(
          operation: "eval",
          reason: "the value depends on an argument of a function that is still being traced")
      }
      numbers[ObjectIdentifier(node)] = graph.append(
        node.operation, node.operands.map(number), results: node.types, site: node.site,
        layerPath: node.layerPath)
    }
    graph.outputs = roots.map(number)
    return Captured(graph: graph, leaves: leaves)
  }

  /// Records the graph's operations again, on other operands.
  package func instantiate(_ inputs: [Tensor]) -> [Tensor] {
    if let failed = inputs.first(where: { $0.error != nil }) { return outputs.map { _ in failed } }
    var values = inputs
    for instruction in instructions {
      let scope = instruction.layerPath.map { LayerScope(path: $0, site: instruction.site) }
      LayerScope.$current.withValue(scope ?? LayerScope.current) {
        values += record(
          instruction.operation, instruction.operands.map { values[$0] },
          results: instruction.resultCount, at: instruction.site)
      }
    }
    return outputs.map { values[$0] }
  }
}

/// The identity of a tensor: its node and result.
package struct TensorID: Hashable {
  let node: ObjectIdentifier
  let result: Int
  package init(_ tensor: Tensor) {
    node = ObjectIdentifier(tensor.node)
    result = tensor.result
  }
}

extension Node {
  /// Whether all results have values.
  var isKnown: Bool {
    state.withLock { !$0.storages.isEmpty && !$0.storages.contains { $0 == nil } }
  }
}
