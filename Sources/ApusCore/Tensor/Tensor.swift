/// An n-dimensional array whose elements are computed when needed.
///
/// A tensor is an immutable handle on a node of the computation graph. Applying an operation
/// records a node and returns at once; shape and dtype rules run at that moment, the work runs when
/// values are read or `eval` is called. A refused operation gives a *failed* tensor, which carries
/// its ``TensorError`` through everything computed from it until a throwing call reports it.
public struct Tensor: Sendable {
  package var node: Node
  package let result: Int

  package init(node: Node, result: Int = 0) {
    self.node = node
    self.result = result
  }

  /// Creates a failed tensor.
  public init(error: TensorError) { self.init(node: Node(failure: error)) }

  /// The mistake this tensor carries, if it failed.
  public var error: TensorError? { node.error }

  /// Dtype and shape. A failed tensor answers a scalar type.
  public var type: TensorType { node.types[result] }
  public var dtype: DType { type.dtype }
  public var shape: Shape { node.error == nil ? type.shape : [0] }
  public var rank: Int { type.rank }
  /// The number of elements; 0 for a failed tensor.
  public var count: Int { shape.count }

  /// Whether the values are already in memory.
  public var isEvaluated: Bool { node.storage(of: result) != nil }
}

extension Tensor {
  /// Whether two handles refer to the same value of the same node.
  package func isSame(as other: Tensor) -> Bool { node === other.node && result == other.result }

  /// A leaf holding values that exist.
  package init(storage: Storage, type: TensorType) {
    self.init(node: Node(Leaf(), operands: [], types: [type], site: nil, storages: [storage]))
  }

  /// A value to be supplied later.
  package static func placeholder(_ type: TensorType) -> Tensor {
    Tensor(node: Node(Placeholder(), operands: [], types: [type], site: nil, isPlaceholder: true))
  }
}

/// Records an operation: runs its type rule, and returns its `count` results or failed tensors.
package func record(
  _ operation: some Operation, _ operands: [Tensor], results count: Int = 1,
  at site: CallSite? = nil
) -> [Tensor] {
  if let failed = operands.first(where: { $0.error != nil }) {
    return Array(repeating: failed, count: count)
  }
  do throws(Violation) {
    let types = try operation.resultTypes(operands.map(\.type))
    for type in types { try type.checkSize() }
    let node = Node(operation, operands: operands, types: types, site: site)
    return types.indices.map { Tensor(node: node, result: $0) }
  } catch {
    let failed = Tensor(error: refusal(of: operation, operands, error, at: site))
    return Array(repeating: failed, count: count)
  }
}

/// Records an operation with one result.
package func apply(
  _ operation: some Operation, _ operands: [Tensor], at site: CallSite? = nil
) -> Tensor {
  record(operation, operands, at: site)[0]
}

/// The error of an operation whose type rule refused its operands.
package func refusal(
  of operation: some Operation, _ operands: [Tensor], _ violation: Violation, at site: CallSite?
) -> TensorError {
  refusal(of: operation.name, operands, violation, names: operation.operandNames, at: site)
}

package func refusal(
  of name: String, _ operands: [Tensor], _ violation: Violation, names: [String] = [],
  at site: CallSite?
) -> TensorError {
  let letters = ["a", "b", "c", "d"]
  let shown = operands.enumerated().map { index, operand in
    TensorError.Operand(
      name: index < names.count
        ? names[index] : index < letters.count ? letters[index] : "operand \(index)",
      type: operand.type, origin: site == nil ? operand.node.site : nil)
  }
  return TensorError(
    operation: name, reason: violation.reason, operands: shown,
    layerPath: LayerScope.current?.path, site: site ?? LayerScope.current?.site)
}

/// Runs a rule that prepares operands; a refusal becomes a failed tensor.
package func attempt(
  _ name: String, _ operands: [Tensor], at site: CallSite?,
  _ body: () throws(Violation) -> Tensor
) -> Tensor {
  if let failed = operands.first(where: { $0.error != nil }) { return failed }
  do throws(Violation) { return try body().sited(at: site) } catch {
    return Tensor(error: refusal(of: name, operands, error, at: site))
  }
}

extension Tensor {
  /// The tensor; a mistake found in a step that this library took is told at the caller's place.
  package func sited(at site: CallSite?) -> Tensor {
    guard let error, let inner = error.site, inner.file.hasPrefix("ApusCore/") else { return self }
    return Tensor(
      error: TensorError(
        operation: error.operation, reason: error.reason, operands: error.operands,
        layerPath: error.layerPath, site: site ?? LayerScope.current?.site))
  }
}
