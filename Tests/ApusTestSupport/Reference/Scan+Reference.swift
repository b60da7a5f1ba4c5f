import ApusCore

extension Scan: ReferenceRule {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue] {
    var carry = Array(operands[..<carryCount])
    let sequences = operands[carryCount..<(carryCount + sequenceCount)]
    let invariants = Array(operands[(carryCount + sequenceCount)...])
    var stacks = types[carryCount...].map { type in
      type.dtype.isFloating
        ? ReferenceValue(type, floats: Array(repeating: 0, count: type.count))
        : ReferenceValue(type, integers: Array(repeating: 0, count: type.count))
    }
    for step in 0..<length {
      let t = isReversed ? length - 1 - step : step
      let elements = sequences.map { sequence in
        let type = sequence.type.element
        return sequence.picking((0..<type.count).map { t * type.count + $0 }, as: type)
      }
      let outputs = try body.evaluate(carry + elements + invariants)
      for (index, value) in (Array(outputs[carryCount...]) + carry).enumerated() {
        for place in 0..<value.type.count {
          let target = t * value.type.count + place
          if value.type.dtype.isFloating {
            stacks[index].floats[target] = value.floats[place]
          } else {
            stacks[index].integers[target] = value.integers[place]
          }
        }
      }
      carry = Array(outputs[..<carryCount])
    }
    return carry + stacks
  }
}
