import ApusCore

extension Module {
  /// Gives this model's parameters and buffers the values of another model's, by name.
  ///
  /// ```swift
  /// let report = try classifier.load(
  ///   from: pretrained, renaming: .replacingPrefix("backbone", with: "encoder"), strict: false)
  /// print(report)   // 160 of 162 matched, 2 missing, …
  /// ```
  /// A model that has not seen an input takes shapes from the source. The models share nothing
  /// afterwards: training one leaves the other alone.
  /// - Parameters:
  ///   - renaming: From the source's names to this model's.
  ///   - pattern: The paths of this model that are asked for.
  ///   - strict: Whether everything must fit; otherwise what fits is taken.
  /// - Throws: ``TransferError`` when `strict` and something does not fit; the error of a failed
  ///   value. Nothing changes then.
  @discardableResult
  public func load(
    from other: some Module, renaming: PathRenaming = .none, matching pattern: PathPattern = .all,
    strict: Bool = true, file: String = #fileID, line: Int = #line
  ) throws -> TransferReport {
    // A source that has seen no input has no values to give.
    let values = other.variables.map { (name: $0.path, tensor: $0.variable.value) }
    if let error = values.lazy.compactMap(\.tensor.error).first { throw error }
    let transfer = Transfer(values, to: variables, renaming: renaming, matching: pattern)
    if strict, !transfer.report.isComplete {
      throw TransferError(report: transfer.report, site: CallSite(file: file, line: line))
    }
    try transfer.commit()
    return transfer.report
  }

  /// Every parameter and buffer by name, as files hold them.
  ///
  /// - Throws: The error of a value that failed, or has no shape yet.
  public func namedTensors(
    renaming: PathRenaming = .none
  ) throws(TensorError) -> [(name: String, tensor: Tensor)] {
    var found: [(name: String, tensor: Tensor)] = []
    var names: Set<String> = []
    for (path, variable) in variables {
      guard let name = renaming(path) else { continue }
      let value = variable.value
      if let error = value.error { throw error }
      guard names.insert(name).inserted else {
        throw TensorError(operation: "save", reason: "two values would be called \(name)")
      }
      found.append((name, value))
    }
    return found
  }
}

/// Named tensors on their way into a model's variables.
package struct Transfer {
  package let report: TransferReport
  private let assignments: [(variable: Variable, value: Tensor)]

  /// Pairs values with variables; changes nothing.
  package init(
    _ values: [(name: String, tensor: Tensor)], to variables: [(path: String, variable: Variable)],
    renaming: PathRenaming = .none, matching pattern: PathPattern = .all
  ) {
    var found: [String: (name: String, tensor: Tensor)] = [:]
    var order: [(path: String, name: String, type: TensorType)] = []
    var colliding: [String] = []
    for (name, tensor) in values {
      guard let path = renaming(name), pattern.matches(path) else { continue }
      if found[path] == nil {
        found[path] = (name, tensor)
        order.append((path, name, tensor.type))
      } else {
        colliding.append(path)
      }
    }
    var entries: [TransferReport.Entry] = []
    var assignments: [(variable: Variable, value: Tensor)] = []
    for (path, variable) in variables where pattern.matches(path) {
      let type = variable.type
      var outcome = TransferReport.Outcome.missing
      if let (name, tensor) = found[path] {
        if type == nil || type == tensor.type {
          outcome = .matched(source: name)
          assignments.append((variable, tensor))
        } else {
          outcome = .mismatched(source: name, type: tensor.type)
        }
      }
      entries.append(.init(path: path, type: type, outcome: outcome))
    }
    let expected = Set(entries.map(\.path))
    let unexpected = order.filter { !expected.contains($0.path) }
      .map { TransferReport.Unexpected(name: $0.name, path: $0.path, type: $0.type) }
    report = TransferReport(entries: entries, unexpected: unexpected, colliding: colliding)
    self.assignments = assignments
  }

  /// Assigns what fits: all or, if a value cannot be computed, none.
  package func commit() throws(TensorError) {
    try eval(assignments.map(\.value))
    for (variable, value) in assignments { try variable.assign(value) }
  }
}
