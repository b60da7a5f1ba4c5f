import ApusCore

extension StableHLOBuilder {
  /// Runs a body a number of times on carried values: `carried = body(step, carried)`.
  ///
  /// The body may use nothing from outside but what it is given. Of the checks made in it, the first
  /// that fails in the first step where one does is kept, as on an executor that stops there.
  func loop(
    _ count: Int, carrying initial: [StableHLOValue],
    _ body: (_ step: StableHLOValue, _ carried: [StableHLOValue]) throws(TensorError) ->
      [StableHLOValue]
  ) throws(TensorError) -> [StableHLOValue] {
    let counter = StableHLOType(count <= Int(Int32.max) ? .i32 : .i64)
    let step = StableHLOValue(name: freshName(), type: counter)
    let arguments = initial.map { StableHLOValue(name: freshName(), type: $0.type) }
    let outside = checks
    checks = []
    defer { checks = outside + checks }
    let (lines, inside) = try captured { () throws(TensorError) in
      let next = try body(step, arguments)
      let kept = CarriedChecks(checks, self)
      let one = constant(integer: 1, counter)
      return (next: [add(step, one)] + next, kept: kept)
    }
    let kept = inside.kept
    let begin = [constant(integer: 0, counter)] + initial + kept.initial(self)
    let results = emitLoop(
      [step] + arguments + kept.arguments, from: begin, to: inside.next + kept.next, count, lines)
    let last = Array(results.suffix(kept.arguments.count))
    checks = kept.outside(last)
    return Array(results[1..<(1 + initial.count)])
  }

  private func emitLoop(
    _ arguments: [StableHLOValue], from initial: [StableHLOValue], to next: [StableHLOValue],
    _ count: Int, _ lines: [String]
  ) -> [StableHLOValue] {
    let step = arguments[0]
    let (condition, isMore) = captured {
      compare(.LT, step, constant(integer: count, step.type))
    }
    let types = arguments.map(\.type)
    let bindings = zip(arguments, initial).map { "\($0.name) = \($1.name)" }
    let list = types.map(\.description).joined(separator: ", ")
    let text =
      ["stablehlo.while(\(bindings.joined(separator: ", "))) : \(list)", "cond {"] + condition
      + ["stablehlo.return \(isMore.name) : \(isMore.type)", "} do {"] + lines
      + ["stablehlo.return \(Self.names(next)) : \(list)", "}"]
    return emit(text.joined(separator: "\n"), types)
  }
}

/// The checks of a loop's body on their way through its steps.
private struct CarriedChecks {
  let checks: [DataCheck]
  /// Position and value of each check as the body sees them, and as it leaves them.
  let arguments: [StableHLOValue]
  let next: [StableHLOValue]

  /// Written at the end of the body.
  init(_ checks: [DataCheck], _ builder: StableHLOBuilder) {
    self.checks = checks
    let carried = checks.flatMap { check in
      [check.position, check.value].map {
        StableHLOValue(name: builder.freshName(), type: $0.type)
      }
    }
    let zero = StableHLOType(.i64)
    arguments = carried
    let failed = stride(from: 0, to: carried.count, by: 2).map {
      builder.compare(.GE, carried[$0], builder.constant(integer: 0, zero))
    }
    guard let first = failed.first else {
      next = []
      return
    }
    let hasFailed = failed.dropFirst().reduce(first, builder.or)
    let found = checks.flatMap { [$0.position, $0.value] }
    next = zip(carried, found).map { builder.select(hasFailed, $0, $1) }
  }

  /// What is carried before the first step: no failure.
  func initial(_ builder: StableHLOBuilder) -> [StableHLOValue] {
    arguments.indices.map { builder.constant(integer: $0 % 2 == 0 ? -1 : 0, arguments[$0].type) }
  }

  /// The checks as the code after the loop sees them.
  func outside(_ values: [StableHLOValue]) -> [DataCheck] {
    checks.enumerated().map { index, check in
      var check = check
      (check.position, check.value) = (values[2 * index], values[2 * index + 1])
      return check
    }
  }
}
