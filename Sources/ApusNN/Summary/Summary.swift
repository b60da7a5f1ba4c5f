import ApusCore
import Synchronization

/// What a model is made of, layer by layer, for one type of input.
public struct Summary: Sendable, CustomStringConvertible {
  /// One layer call.
  public struct Row: Sendable, Hashable {
    /// The property path; empty for the model itself.
    public let path: String
    /// The layer as it prints.
    public let layer: String
    public let output: TensorType
    /// Trained scalars the layer holds itself, its parts not counted.
    public let parameters: Int
    /// Multiply-adds of its matrix products and convolutions, parts not counted.
    public let multiplyAdds: Int
    /// Bytes of what it puts out.
    public let activationBytes: Int
  }

  public let rows: [Row]
  /// Trained scalars, shared ones once.
  public let parameterCount: Int
  public let trainableCount: Int
  /// Scalars of buffers.
  public let bufferCount: Int
  public var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }
  public var activationBytes: Int { rows.reduce(0) { $0 + $1.activationBytes } }
}

extension Layer {
  /// Returns what the model is made of, for an input of this type.
  ///
  /// Nothing is computed; shapes of parameters that were unknown are set.
  /// - Throws: The mistake that keeps the model from taking such an input.
  public func summary(
    for input: TensorType, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Summary {
    let observer = SummaryObserver()
    let tree = ModuleTree(self)
    let x = Tensor.placeholder(input)
    let y = self(
      x, Context(isTraining: false, key: nil, observer: observer), file: file, line: line)
    if let error = y.error { throw error }
    let work = try SummaryObserver.multiplyAdds(of: y, from: x)
    var counted: Set<ObjectIdentifier> = []
    let rows = observer.calls.map { call in
      let first = counted.insert(ObjectIdentifier(call.module)).inserted
      let prefix = call.path.isEmpty ? "" : call.path + "."
      let own = tree.parameters.filter { path, _ in
        path.hasPrefix(prefix) && call.owns(path.dropFirst(prefix.count), in: tree)
      }
      return Summary.Row(
        path: call.path, layer: call.isLeaf ? "\(call.module)" : "\(type(of: call.module))",
        output: call.output,
        parameters: first ? own.reduce(0) { $0 + ($1.parameter.type?.count ?? 0) } : 0,
        multiplyAdds: first ? work[call.path] ?? 0 : 0,
        activationBytes: call.isLeaf ? call.output.byteCount : 0)
    }
    func count(_ parameters: [(path: String, parameter: Parameter)]) -> Int {
      parameters.reduce(0) { $0 + ($1.parameter.type?.count ?? 0) }
    }
    return Summary(
      rows: rows, parameterCount: count(tree.parameters),
      trainableCount: count(tree.parameters.filter { $0.parameter.isTrainable }),
      bufferCount: tree.buffers.reduce(0) { $0 + ($1.buffer.type?.count ?? 0) })
  }
}
