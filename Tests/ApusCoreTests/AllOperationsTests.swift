import ApusTestSupport
import Foundation
import Testing

@testable import ApusCPU
@testable import ApusCore

/// Walks all operations: none may lack a row, a type rule, a kernel, a value or a gradient.
@Suite("all operations") struct AllOperationsTests {
  @Test("every operation in the sources has a row in the table")
  func complete() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/ApusCore").standardizedFileURL
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var declared: Set<String> = []
    var rows = 0
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /struct (\w+): (?:Operation|Composite)\b/) {
        declared.insert(String(match.1))
      }
      rows += text.matches(of: /static let \w+ = (?:Unary|Binary)Operation\(/).count
      rows += text.matches(of: /static let \w+ = (?:predicate|logical)\(/).count
    }
    // Values that a graph is given, and the two types whose rows are listed one by one.
    let given: Set = ["Failure", "Leaf", "Placeholder", "UnaryOperation", "BinaryOperation"]
    let listed = Set(OperationExample.all.map(\.name))
    #expect(declared.subtracting(given).subtracting(listed) == [])
    #expect(declared.count > 40)
    #expect(UnaryOperation.all.count + BinaryOperation.all.count == rows)
  }

  @Test("the call of each row uses the operation it names", arguments: OperationExample.all)
  func usesOperation(_ example: OperationExample) throws {
    let graph = try graph(
      of: { [example.call($0)] },
      on: example.shapes.map { TensorType(.float64, $0) })
    let names = graph.instructions.flatMap {
      [String(describing: type(of: $0.operation)), $0.operation.name]
    }
    #expect(names.contains(example.name))
  }

  @Test("the CPU knows how to run each operation", arguments: OperationExample.all)
  func hasKernel(_ example: OperationExample) throws {
    let graph = try graph(
      of: { [example.call($0)] },
      on: example.shapes.map { TensorType(.float64, $0) })
    for instruction in graph.instructions {
      let operation = instruction.operation
      switch operation.cpu {
      case .instruction, .value: break
      case .view: #expect(operation is any ViewLowering)
      case .kernel: #expect(operation is any KernelLowering || operation is Reduce)
      case .decomposition: #expect(operation is any Composite)
      }
    }
  }

  @Test("values agree with the reference executor", arguments: OperationExample.all)
  func values(_ example: OperationExample) throws {
    var random = SplitMix(state: 5)
    let operands = example.shapes.map { dims in
      let count = dims.reduce(1, *)
      return (0..<count).map { _ in Double.random(in: example.range, using: &random) }
    }
    func run() throws -> [Double] {
      try example.call(zip(operands, example.shapes).map { Tensor($0, shape: Shape($1)) })
        .scalars(as: Double.self)
    }
    let expected = try TestExecutor.reference.run { try run() }
    let actual = try TestExecutor.cpu.run { try run() }
    expectClose(actual, expected, absolute: 1e-12, relative: 1e-10, "\(example)")
  }

  @Test("gradients agree with central differences, orders 1 and 2", arguments: OperationExample.all)
  func gradients(_ example: OperationExample) throws {
    switch example.gradient {
    case .checked(let range):
      try checkGradient(of: example.shapes, in: range, seed: 9, tolerance: 2e-5, example.call)
    case .none:
      let points = example.shapes.map { Tensor.ones(Shape($0), dtype: .float64) * 0.3 }
      for slope in ApusCore.gradients(at: points, of: { example.call($0).sum() }) {
        #expect(try slope.scalars(as: Double.self).allSatisfy { $0 == 0 })
      }
    }
  }
}
