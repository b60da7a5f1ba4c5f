import ApusCore

/// An operation that is written in StableHLO directly; composites without go by their
/// decomposition.
protocol StableHLOLowering: Operation {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue]
}

/// One call of an operation, as its lowering sees it.
struct LoweringCall {
  let operands: [StableHLOValue]
  let operandTypes: [TensorType]
  let resultTypes: [TensorType]
  /// Which results anything uses: others may be any value of their type.
  let isUsed: [Bool]

  /// The type of the first result.
  var result: StableHLOType { StableHLOType(resultTypes[0]) }
}

extension StableHLOBuilder {
  /// Writes a graph's operations on values that stand for its inputs; returns its outputs.
  ///
  /// - Parameter isUsed: Which outputs anything uses, all by default.
  func lower(
    _ graph: Graph, on inputs: [StableHLOValue], isUsed: [Bool]? = nil
  ) throws(TensorError) -> [StableHLOValue] {
    var uses = Array(repeating: false, count: graph.types.count)
    for (place, output) in graph.outputs.enumerated() where isUsed?[place] != false {
      uses[output] = true
    }
    for instruction in graph.instructions {
      for operand in instruction.operands { uses[operand] = true }
    }
    var values = inputs
    for instruction in graph.instructions {
      let results = instruction.firstResult..<(instruction.firstResult + instruction.resultCount)
      let outside = origin
      if outside.operation.isEmpty {
        origin = Origin(
          operation: instruction.operation.name, layerPath: instruction.layerPath,
          site: instruction.site)
      }
      defer { origin = outside }
      let found = try lower(
        instruction.operation,
        LoweringCall(
          operands: instruction.operands.map { values[$0] },
          operandTypes: instruction.operands.map { graph.types[$0] },
          resultTypes: results.map { graph.types[$0] }, isUsed: results.map { uses[$0] }))
      // A formula's parts are looked at as the whole that the user wrote.
      if watchesNonFinite, outside.operation.isEmpty {
        for value in found where value.element.isFloating { checkFinite(value) }
      }
      values += found
    }
    return graph.outputs.map { values[$0] }
  }

  private func lower(
    _ operation: any Operation, _ call: LoweringCall
  ) throws(TensorError) -> [StableHLOValue] {
    // What has no elements needs no work, and few operations define what they do without.
    if call.resultTypes.allSatisfy({ $0.count == 0 }) {
      return call.resultTypes.map { empty(StableHLOType($0)) }
    }
    if let direct = operation as? any StableHLOLowering {
      return try direct.lower(call, into: self)
    }
    if let composite = operation as? any Composite {
      return try compose(
        call.operands, call.operandTypes, isUsed: call.isUsed, composite.decomposition)
    }
    throw TensorError(
      operation: operation.name, reason: "has no StableHLO form", layerPath: origin.layerPath,
      site: origin.site)
  }

  /// Writes what a formula of tensors computes.
  func compose(
    _ operands: [StableHLOValue], _ types: [TensorType], isUsed: [Bool]? = nil,
    _ formula: ([Tensor]) -> [Tensor]
  ) throws(TensorError) -> [StableHLOValue] {
    let standIns = types.map { Tensor.placeholder($0) }
    let captured = try Graph.capture(formula(standIns), inputs: standIns)
    var inputs = operands
    for leaf in captured.leaves.dropFirst(operands.count) {
      let type = StableHLOType(leaf.type)
      inputs.append(try leaf.withBytes { constant(bytes: $0, type) })
    }
    return try lower(captured.graph, on: inputs, isUsed: isUsed)
  }
}
