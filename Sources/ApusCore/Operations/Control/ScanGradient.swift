extension Scan {
  /// Runs the loop backwards: the gradient of the state is carried, those of invariants add up in
  /// the carry, those of elements are stacked.
  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    let operands = call.operands
    let none: [Tensor?] = operands.map { _ in nil }
    let yUpstream = Array(upstream[carryCount..<(carryCount + yCount)])
    let historyUpstream = Array(upstream[(carryCount + yCount)...])
    let histories = Array(call.results[(carryCount + yCount)...])

    // One step on stand-ins: what it was given, and the gradients of what it gave.
    let inputs = body.types[..<body.inputCount].map { Tensor.placeholder($0) }
    let outputs = body.instantiate(inputs)
    let dCarry = (0..<carryCount).map { index in
      inputs[index].dtype.isFloating ? Tensor.placeholder(inputs[index].type) : nil
    }
    let dy = yUpstream.map { $0.map { Tensor.placeholder($0.type.element) } }
    let dHistory = historyUpstream.map { $0.map { Tensor.placeholder($0.type.element) } }
    let sources = inputs.filter { $0.dtype.isFloating }
    let found = vectorJacobianProduct(
      of: outputs, cotangents: dCarry + dy, withRespectTo: sources)
    var next = found.makeIterator()
    let parts = inputs.map { $0.dtype.isFloating ? next.next() ?? nil : nil }

    var trace = ScanTrace(
      carries: [], sequences: [], invariants: [], newCarries: [], y: [], length: length,
      isReversed: !isReversed)
    // Where the gradient of each operand is among the results of the backward loop.
    var place: [Int: Int] = [:]
    for index in 0..<carryCount {
      guard let standIn = dCarry[index] else { continue }
      let start = upstream[index] ?? Tensor(0, like: operands[index])
      let terms = [parts[index], dHistory[index]].compactMap { $0 }
      place[index] = trace.carries.count
      trace.carries.append((standIn, start))
      trace.newCarries.append(
        terms.dropFirst().reduce(terms.first ?? Tensor(0, like: standIn)) { $0 + $1 })
    }
    let firstInvariant = carryCount + sequenceCount
    for index in firstInvariant..<operands.count {
      guard let part = parts[index] else { continue }
      let standIn = Tensor.placeholder(operands[index].type)
      place[index] = trace.carries.count
      trace.carries.append((standIn, Tensor(0, like: operands[index])))
      trace.newCarries.append(standIn + part)
    }
    let stackedFrom = trace.carries.count
    for index in carryCount..<firstInvariant {
      guard let part = parts[index] else { continue }
      place[index] = stackedFrom + trace.y.count
      trace.y.append(part)
    }
    if place.isEmpty { return none }
    trace.sequences = Array(zip(inputs[..<carryCount], histories))
    trace.sequences += zip(
      inputs[carryCount..<firstInvariant], operands[carryCount..<firstInvariant]
    )
    .map { ($0, $1) }
    trace.sequences += Scan.bound(dy, yUpstream) + Scan.bound(dHistory, historyUpstream)
    trace.invariants = zip(inputs[firstInvariant...], operands[firstInvariant...]).map { ($0, $1) }
    trace.dropUnused()
    let results = trace.recorded(at: call.results[0].node.site)
    return operands.indices.map { place[$0].map { results[$0] } }
  }

  private static func bound(_ standIns: [Tensor?], _ values: [Tensor?]) -> [ScanTrace.Binding] {
    zip(standIns, values).compactMap { standIn, value in
      guard let standIn, let value else { return nil }
      return (standIn, value)
    }
  }
}

extension ScanTrace {
  /// Forgets sequences and invariants that the body does not look at.
  mutating func dropUnused() {
    let used = Set(
      topologicalOrder(of: newCarries + y) { !$0.isTraced }.map { ObjectIdentifier($0) })
    sequences.removeAll { !used.contains(ObjectIdentifier($0.placeholder.node)) }
    invariants.removeAll { !used.contains(ObjectIdentifier($0.placeholder.node)) }
  }
}
