import ApusCore

/// A graph as the text of a StableHLO module, and what its results mean.
struct StableHLOModule {
  let text: String
  /// Checks of data, in the order of their pairs of numbers in the last result; without checks there
  /// is no such result.
  let checks: [DataCheck]
  /// Checks to be made before a run.
  let hostChecks: [HostCheck]

  /// Writes a graph.
  ///
  /// Inputs that outputs take over are marked as donated. Where data are checked, such outputs keep
  /// the old value when a check fails: a step on bad data changes nothing.
  init(
    _ graph: Graph, _ options: CompileOptions, _ placement: XLAPlacement, precision: String
  ) throws(TensorError) {
    let builder = StableHLOBuilder(precision: precision)
    builder.watchesNonFinite = options.watchesNonFinite
    let inputs = (0..<graph.inputCount).map {
      StableHLOValue(name: "%arg\($0)", type: StableHLOType(graph.types[$0]))
    }
    // What the host fills before every run it can also look at.
    for index in options.samples where graph.types[index].dtype.isInteger {
      builder.hostInputs[inputs[index].name] = index
    }
    var outputs = try builder.lower(graph, on: inputs)
    checks = builder.checks
    hostChecks = builder.hostChecks
    var shardings = graph.outputs.indices.map { index in
      options.donations[index].map { placement.sharding(ofInput: $0, graph.types[$0], options) }
        ?? placement.replicated(graph.types[graph.outputs[index]])
    }
    if !checks.isEmpty {
      let report = builder.report(checks)
      for (output, input) in options.donations.sorted(by: { $0.key < $1.key }) {
        outputs[output] = builder.select(report.isGood, outputs[output], inputs[input])
      }
      outputs.append(report.numbers)
      shardings.append(placement.replicated(TensorType(.int64, [2 * checks.count])))
    }
    let aliases = Dictionary(uniqueKeysWithValues: options.donations.map { ($1, $0) })
    let parameters = inputs.enumerated().map { index, input in
      let marks =
        [placement.sharding(ofInput: index, graph.types[index], options).attribute]
        + [aliases[index].map { "tf.aliasing_output = \($0) : i32" }]
      return "\(input.name): \(input.type)" + Self.attributes(marks)
    }
    let results = zip(outputs, shardings).map { output, sharding in
      "\(output.type)" + Self.attributes([sharding.attribute])
    }
    var lines = ["module @apus {"]
    if let mesh = placement.meshLine { lines.append("  \(mesh)") }
    lines.append("  func.func public @main(")
    lines.append("      " + parameters.joined(separator: ",\n      "))
    lines.append("  ) -> (\(results.joined(separator: ", "))) {")
    lines += builder.lines
    let types = outputs.map(\.type.description).joined(separator: ", ")
    lines.append(
      outputs.isEmpty ? "    return" : "    return \(StableHLOBuilder.names(outputs)) : \(types)")
    lines += ["  }", "}"]
    text = lines.joined(separator: "\n")
  }

  private static func attributes(_ marks: [String?]) -> String {
    let given = marks.compactMap { $0 }
    return given.isEmpty ? "" : " {\(given.joined(separator: ", "))}"
  }
}

extension StableHLOBuilder {
  /// All checks as one array of pairs, position and value, and whether all data are good.
  func report(
    _ checks: [DataCheck]
  ) -> (isGood: StableHLOValue, numbers: StableHLOValue) {
    let numbers = concatenate(
      checks.flatMap { [reshape($0.position, [1]), reshape($0.value, [1])] }, axis: 0)
    let positions = concatenate(checks.map { reshape($0.position, [1]) }, axis: 0)
    let none = constant(integer: -1, StableHLOType(.i64))
    let worst = reduce(positions, from: none, axes: [0], "stablehlo.maximum")
    return (compare(.LT, worst, constant(integer: 0, none.type)), numbers)
  }
}
