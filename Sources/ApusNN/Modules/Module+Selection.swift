import ApusCore

extension Module {
  /// The parameters whose paths a pattern covers.
  public func parameters(
    matching pattern: PathPattern
  ) -> [(path: String, parameter: Parameter)] {
    parameters.filter { pattern.matches($0.path) }
  }

  /// The buffers whose paths a pattern covers.
  public func buffers(matching pattern: PathPattern) -> [(path: String, buffer: Buffer)] {
    buffers.filter { pattern.matches($0.path) }
  }

  /// The parts whose paths a pattern covers.
  public func modules(matching pattern: PathPattern) -> [(path: String, module: any Module)] {
    modules.filter { pattern.matches($0.path) }
  }

  /// The part at a path; `nil` where there is none.
  public func module(at path: String) -> (any Module)? {
    modules.first { $0.path == path }?.module
  }

  /// The parameter at a path; `nil` where there is none.
  public func parameter(at path: String) -> Parameter? {
    parameters.first { $0.path == path }?.parameter
  }

  /// The number of scalars of the parameters a pattern covers; 0 while shapes are unknown.
  public func parameterCount(matching pattern: PathPattern) -> Int {
    parameters(matching: pattern).reduce(0) { $0.plusClamped($1.parameter.type?.count ?? 0) }
  }

  /// The number of scalars that training adjusts; 0 while shapes are unknown.
  public var trainableParameterCount: Int {
    parameters.filter { $0.parameter.isTrainable }
      .reduce(0) { $0.plusClamped($1.parameter.type?.count ?? 0) }
  }

  /// The number of scalars below each direct part, in the order of declaration.
  ///
  /// Parameters of the module itself stand under their own names.
  public var parameterCounts: [(part: String, count: Int)] {
    var counts: [(part: String, count: Int)] = []
    for (path, parameter) in parameters {
      let part = path.split(separator: ".").first.map(String.init) ?? path
      let count = parameter.type?.count ?? 0
      if let index = counts.firstIndex(where: { $0.part == part }) {
        counts[index].count = counts[index].count.plusClamped(count)
      } else {
        counts.append((part, count))
      }
    }
    return counts
  }

  /// Keeps parameters as they are in training, or lets them train again.
  public func setTrainable(_ isTrainable: Bool) {
    for (_, parameter) in parameters { parameter.isTrainable = isTrainable }
  }

  /// Keeps the parameters that a pattern covers as they are in training, or lets them train again.
  ///
  /// ```swift
  /// try model.setTrainable(false, matching: "encoder.**")
  /// ```
  /// Gradients still flow through frozen parts. Their batch norms keep normalizing with the batch
  /// and moving their statistics; ``fixStatistics(_:matching:file:line:)`` stops both.
  /// - Throws: An error when the pattern covers nothing: most often a mistyped path.
  /// - Returns: The paths covered.
  @discardableResult
  public func setTrainable(
    _ isTrainable: Bool, matching pattern: PathPattern, file: String = #fileID, line: Int = #line
  ) throws(TensorError) -> [String] {
    let found = parameters(matching: pattern)
    try requireAny(
      found.map(\.path), of: parameters.map(\.path), pattern, "setTrainable",
      CallSite(file: file, line: line))
    for (_, parameter) in found { parameter.isTrainable = isTrainable }
    return found.map(\.path)
  }

  /// Keeps the buffers that a pattern covers, such as running statistics, as they are in training,
  /// or lets them move again.
  ///
  /// A batch norm whose statistics are fixed normalizes with them in training too.
  /// - Throws: An error when the pattern covers nothing.
  /// - Returns: The paths covered.
  @discardableResult
  public func fixStatistics(
    _ isFixed: Bool = true, matching pattern: PathPattern = .all, file: String = #fileID,
    line: Int = #line
  ) throws(TensorError) -> [String] {
    let found = buffers(matching: pattern)
    try requireAny(
      found.map(\.path), of: buffers.map(\.path), pattern, "fixStatistics",
      CallSite(file: file, line: line))
    for (_, buffer) in found { buffer.isFixed = isFixed }
    return found.map(\.path)
  }

  private func requireAny(
    _ found: [String], of all: [String], _ pattern: PathPattern, _ operation: String,
    _ site: CallSite
  ) throws(TensorError) {
    if !found.isEmpty { return }
    let some = all.prefix(8).joined(separator: ", ")
    let rest = all.count > 8 ? ", and \(all.count - 8) more" : ""
    throw TensorError(
      operation: operation,
      reason: "no path matches \(pattern); \(type(of: self)) has "
        + (all.isEmpty ? "none" : some + rest), site: site)
  }
}
