import ApusCore

extension Scan: StableHLOLowering {
  func lower(
    _ call: LoweringCall, into builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    let types = call.resultTypes.map { StableHLOType($0) }
    if length == 0 {
      return call.operands[..<carryCount]
        + types[carryCount...].map { builder.constant(integer: 0, $0) }
    }
    // Of the stacked results only those that are used are carried along.
    let stacks = types.indices.filter { $0 >= carryCount && call.isUsed[$0] }
    let empty = stacks.map { builder.constant(integer: 0, types[$0]) }
    let last = try builder.loop(length, carrying: call.operands + empty) {
      step, carried throws(TensorError) in
      let given = Array(carried[..<call.operands.count])
      return try self.step(step, given, Array(carried[call.operands.count...]), stacks, builder)
    }
    var results = types.map { _ in StableHLOValue?.none }
    for carry in 0..<carryCount { results[carry] = last[carry] }
    for (place, result) in stacks.enumerated() {
      results[result] = last[call.operands.count + place]
    }
    return zip(results, types).map { $0 ?? builder.constant(integer: 0, $1) }
  }

  /// One step: from what is carried, operands first, to what is carried on.
  private func step(
    _ step: StableHLOValue, _ given: [StableHLOValue], _ held: [StableHLOValue], _ stacks: [Int],
    _ builder: StableHLOBuilder
  ) throws(TensorError) -> [StableHLOValue] {
    var element = step
    if isReversed {
      element = builder.subtract(builder.constant(integer: length - 1, step.type), step)
    }
    let carries = Array(given[..<carryCount])
    let sequences = given[carryCount..<(carryCount + sequenceCount)]
    let elements = sequences.map { builder.element(of: $0, at: element) }
    let invariants = Array(given[(carryCount + sequenceCount)...])
    let outputs = try builder.lower(body, on: carries + elements + invariants)
    let stacked = zip(stacks, held).map { result, stack in
      let place = result - carryCount
      let value = place < yCount ? outputs[carryCount + place] : carries[place - yCount]
      return builder.put(value, into: stack, at: element)
    }
    return Array(outputs[..<carryCount]) + Array(given[carryCount...]) + stacked
  }
}

extension StableHLOBuilder {
  /// Where the element of the leading axis begins.
  private func start(_ index: StableHLOValue, rank: Int) -> [StableHLOValue] {
    [index] + (1..<rank).map { _ in constant(integer: 0, index.type) }
  }

  /// An element of the leading axis, which disappears.
  fileprivate func element(of x: StableHLOValue, at index: StableHLOValue) -> StableHLOValue {
    let dims = Array(x.dims.dropFirst())
    return reshape(dynamicSlice(x, at: start(index, rank: x.rank), sizes: [1] + dims), dims)
  }

  /// The array with an element of the leading axis replaced.
  fileprivate func put(
    _ value: StableHLOValue, into stack: StableHLOValue, at index: StableHLOValue
  ) -> StableHLOValue {
    dynamicUpdateSlice(
      stack, reshape(value, [1] + value.dims), at: start(index, rank: stack.rank))
  }
}
