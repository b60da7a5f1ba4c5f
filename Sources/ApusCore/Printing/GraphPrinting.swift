extension Graph: CustomStringConvertible {
  /// The graph as text: one line per operation.
  ///
  ///     inputs %0: f32[2, 3], %1: f32[3]
  ///     %2: f32[2, 3] = broadcast [2, 3] (%1)
  ///     %3: f32[2, 3] = add (%0, %2)
  ///     return %3
  public var description: String {
    let inputs = (0..<inputCount).map { "%\($0): \(types[$0])" }.joined(separator: ", ")
    var lines = ["inputs " + inputs]
    for instruction in instructions {
      let results = (0..<instruction.resultCount)
        .map { "%\(instruction.firstResult + $0): \(types[instruction.firstResult + $0])" }
        .joined(separator: ", ")
      let operands = instruction.operands.map { "%\($0)" }.joined(separator: ", ")
      lines.append("\(results) = \(instruction.label) (\(operands))")
    }
    lines.append("return " + outputs.map { "%\($0)" }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }

  /// The graph in Graphviz's DOT language: boxes are operations, edges carry types.
  public var dot: String {
    var lines = [
      "digraph apus {", "  rankdir = TB;", "  node [shape = box, fontname = \"monospace\"];",
    ]
    var producer: [Int: String] = [:]
    for input in 0..<inputCount {
      producer[input] = "i\(input)"
      lines.append("  i\(input) [label = \"input \(input)\\n\(types[input])\", shape = ellipse];")
    }
    for (index, instruction) in instructions.enumerated() {
      let label = instruction.label.replacing("\"", with: "'")
      lines.append("  n\(index) [label = \"\(label)\"];")
      for operand in instruction.operands {
        lines.append("  \(producer[operand] ?? "?") -> n\(index) [label = \"\(types[operand])\"];")
      }
      for result in 0..<instruction.resultCount {
        producer[instruction.firstResult + result] = "n\(index)"
      }
    }
    for (index, output) in outputs.enumerated() {
      lines.append("  o\(index) [label = \"output \(index)\", shape = ellipse];")
      lines.append("  \(producer[output] ?? "?") -> o\(index) [label = \"\(types[output])\"];")
    }
    lines.append("}")
    return lines.joined(separator: "\n")
  }
}

extension Graph.Instruction {
  var label: String {
    operation.attributes.isEmpty
      ? operation.name : "\(operation.name) \(operation.attributes)"
  }
}

extension Tensor {
  /// The computation that is still to be done for this tensor, for printing.
  ///
  /// - Throws: The tensor's error if it failed.
  public func graph() throws(TensorError) -> Graph { try Graph.capture([self]).graph }
}

/// Traces a function on arguments of the given types, without running it.
public func graph(
  of function: ([Tensor]) -> [Tensor], on types: [TensorType]
) throws(TensorError) -> Graph {
  for (index, type) in types.enumerated() {
    if let violation = type.sizeViolation {
      throw TensorError(
        operation: "graph", reason: violation.reason,
        operands: [.init(name: "argument \(index)", type: type)])
    }
  }
  let arguments = types.map { Tensor.placeholder($0) }
  return try Graph.capture(function(arguments), inputs: arguments).graph
}
