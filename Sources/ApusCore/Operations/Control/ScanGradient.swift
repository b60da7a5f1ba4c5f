extension Scan {
  /// Runs the loop backwards: the gradient of the state is carried, those of elements are stacked,
  /// those of invariants add up in the carry or are one product after the loop.
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
    var products: [(operand: Int, product: Product)] = []
    for index in firstInvariant..<operands.count {
      guard let whole = parts[index] else { continue }
      let (found, rest) = Scan.split(whole)
      products += found.map { (index, $0) }
      guard let part = rest else { continue }
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
    if place.isEmpty && products.isEmpty { return none }
    trace.sequences = Array(zip(inputs[..<carryCount], histories))
    trace.sequences += zip(
      inputs[carryCount..<firstInvariant], operands[carryCount..<firstInvariant]
    )
    .map { ($0, $1) }
    trace.sequences += Scan.bound(dy, yUpstream) + Scan.bound(dHistory, historyUpstream)
    trace.invariants = zip(inputs[firstInvariant...], operands[firstInvariant...]).map { ($0, $1) }
    // Factors that are elements of sequences are at hand already.
    let given = trace.sequences
    var factors: [Int] = []
    for factor in products.flatMap({ [$0.product.rows, $0.product.columns] }) {
      let known = given.firstIndex { $0.placeholder.isSame(as: factor) }
      factors.append(known ?? given.count + trace.y.count)
      if known == nil { trace.y.append(factor) }
    }
    trace.dropUnused()
    let isEmpty = trace.newCarries.isEmpty && trace.y.isEmpty
    let results = isEmpty ? [] : trace.recorded(at: call.results[0].node.site)
    func stacked(_ factor: Int) -> Tensor {
      factor < given.count ? given[factor].value : results[stackedFrom + factor - given.count]
    }
    var gradients = operands.indices.map { place[$0].map { results[$0] } }
    for (number, (operand, product)) in products.enumerated() {
      let total = product.total(stacked(factors[2 * number]), stacked(factors[2 * number + 1]))
      gradients[operand] = gradients[operand].map { $0 + total } ?? total
    }
    return gradients
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
