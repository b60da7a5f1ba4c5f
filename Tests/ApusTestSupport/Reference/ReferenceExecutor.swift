import ApusCore

/// An executor that is slow and obviously right: every operation is a loop over coordinates.
///
/// Floats are computed as doubles and rounded to their dtype after each operation.
package struct ReferenceExecutor: Executor {
  package init() {}
  package var name: String { "reference" }
  package func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    ReferencePlan(graph: graph, donations: options.donations)
  }
}

final class ReferencePlan: Executable {
  let graph: Graph
  let donations: [Int: Int]

  init(graph: Graph, donations: [Int: Int]) {
    self.graph = graph
    self.donations = donations
  }

  var description: String { "reference plan of \(graph.instructions.count) operations" }

  var standingInputs: [Int] { [] }

  func run(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>, contents: UnsafeBufferPointer<UInt64>
  ) throws(TensorError) {
    let inputs = (0..<graph.inputCount).map { ReferenceValue(graph.types[$0], from: buffers[$0]) }
    let outputs = try graph.evaluate(inputs)
    var next = graph.inputCount
    for (index, output) in outputs.enumerated() {
      if let input = donations[index] {
        output.store(to: buffers[input])
      } else {
        output.store(to: buffers[next])
        next += 1
      }
    }
  }
}

/// An operation with a reference implementation.
protocol ReferenceRule: Operation {
  func evaluate(
    _ operands: [ReferenceValue], _ types: [TensorType]
  ) throws(TensorError) -> [ReferenceValue]
}

extension Graph {
  func evaluate(_ inputs: [ReferenceValue]) throws(TensorError) -> [ReferenceValue] {
    var values = inputs
    for instruction in instructions {
      let operands = instruction.operands.map { values[$0] }
      let results = instruction.firstResult..<(instruction.firstResult + instruction.resultCount)
      if let rule = instruction.operation as? any ReferenceRule {
        values += try rule.evaluate(operands, results.map { self.types[$0] })
      } else if let composite = instruction.operation as? any Composite {
        let standIns = operands.map { Tensor.placeholder($0.type) }
        let captured = try Graph.capture(composite.decomposition(standIns), inputs: standIns)
        var leaves = operands
        for leaf in captured.leaves[operands.count...] {
          leaves.append(ReferenceValue(leaf.type, from: try leaf.evaluatedStorage().pointer))
        }
        values += try captured.graph.evaluate(leaves)
      } else {
        throw TensorError(
          operation: instruction.operation.name, reason: "the reference executor has no rule")
      }
    }
    return outputs.map { values[$0] }
  }
}
