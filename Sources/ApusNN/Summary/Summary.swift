import ApusCore

/// What a model is made of, layer by layer, for one type of input.
public struct Summary: Sendable, CustomStringConvertible {
  /// One layer call.
  public struct Row: Sendable, Hashable {
    /// The property path; empty for the model itself.
    public let path: String
    /// How many parts of the model, the model included, hold this one.
    public let depth: Int
    /// The layer as it prints.
    public let layer: String
    public let output: TensorType
    /// Trained scalars the layer holds itself, its listed parts not counted; those of a layer called
    /// twice stand in its first row.
    public internal(set) var parameters: Int
    /// Those of them that training adjusts.
    public internal(set) var trainableParameters: Int
    /// Multiply-adds of its matrix products and convolutions, its listed parts not counted.
    public internal(set) var multiplyAdds: Int
    /// Bytes of what it puts out, where it has no listed parts.
    public internal(set) var activationBytes: Int
  }

  public internal(set) var rows: [Row]
  /// Trained scalars, shared ones once.
  public let parameterCount: Int
  public let trainableCount: Int
  /// Scalars of buffers.
  public let bufferCount: Int
  public var multiplyAdds: Int { rows.reduce(0) { $0.plusClamped($1.multiplyAdds) } }
  public var activationBytes: Int { rows.reduce(0) { $0.plusClamped($1.activationBytes) } }

  /// The rows down to a depth; deeper ones count in the part that holds them.
  ///
  /// Depth 0 is the model alone, depth 1 its direct parts.
  public func limited(toDepth depth: Int) -> Summary {
    var summary = self
    summary.rows = rows.filter { $0.depth <= depth }
    for row in rows where row.depth > depth {
      let holder = summary.rows.indices.filter { row.path.isBelow(summary.rows[$0].path) }
        .max { summary.rows[$0].depth < summary.rows[$1].depth }
      guard let holder else { continue }
      summary.rows[holder].parameters += row.parameters
      summary.rows[holder].trainableParameters += row.trainableParameters
      summary.rows[holder].multiplyAdds.addClamped(row.multiplyAdds)
      summary.rows[holder].activationBytes.addClamped(row.activationBytes)
    }
    return summary
  }
}

extension Layer {
  /// Returns what the model is made of, for a `float32` input of this shape, batch axis included.
  ///
  /// ```swift
  /// print(try model.summary([1, 28, 28, 1]))
  /// ```
  public func summary(
    _ shape: Shape, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Summary {
    try summary(for: TensorType(.float32, shape), file: file, line: line)
  }

  /// Returns what the model is made of, for an input of this type.
  ///
  /// Nothing is computed; shapes of parameters that were unknown are set.
  /// - Throws: The mistake that keeps the model from taking such an input.
  public func summary(
    for input: TensorType, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> Summary {
    try summarized([input], file, line) { inputs, context in
      [self(inputs[0], context, file: file, line: line)]
    }
  }
}

extension Module {
  /// Returns what a module with several inputs is made of, for inputs of these types.
  ///
  /// ```swift
  /// let tokens = TensorType(.int32, [1, 16])
  /// print(try model.summary(for: [tokens, tokens]) { [model($0[0], $0[1])] })
  /// ```
  /// - Parameter call: Calls the module, or parts of it, on stand-ins.
  /// - Throws: The mistake that keeps the module from taking such inputs.
  public func summary(
    for inputs: [TensorType], file: String = #fileID, line: Int = #line,
    calling call: ([Tensor]) -> [Tensor]
  ) throws(TensorError) -> Summary {
    try summarized(inputs, file, line) { inputs, context in
      scoped(context, file: file, line: line) { _ in call(inputs) }
    }
  }

  fileprivate func summarized(
    _ inputs: [TensorType], _ file: String, _ line: Int,
    _ call: ([Tensor], Context) -> [Tensor]
  ) throws(TensorError) -> Summary {
    for input in inputs {
      guard let violation = input.sizeViolation else { continue }
      throw TensorError(
        operation: "summary", reason: violation.reason,
        operands: [.init(name: "input", type: input)], site: CallSite(file: file, line: line))
    }
    // Paths before the call, so that first values are drawn by them.
    _ = ModuleTree(self)
    let observer = SummaryObserver()
    let standIns = inputs.map { Tensor.placeholder($0) }
    let outputs = call(standIns, Context(isTraining: false, key: nil, observer: observer))
    for output in outputs { if let error = output.error { throw error } }
    let work = try WorkByPath(of: outputs, from: standIns)
    return Summary(of: self, calls: observer.calls, work, outputs: outputs)
  }
}

extension String {
  /// Whether this path is that of a part of what stands at another.
  func isBelow(_ other: String) -> Bool {
    other.isEmpty ? !isEmpty : hasPrefix(other + ".")
  }
}

extension Int {
  mutating func addClamped(_ other: Int) { self = plusClamped(other) }
}
