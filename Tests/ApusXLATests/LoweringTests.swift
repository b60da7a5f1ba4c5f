import ApusTestSupport
import Testing

@testable import ApusCore
@testable import ApusXLA

/// What needs no plugin: the text alone.
@Suite("StableHLO lowerings") struct LoweringTests {
  static let floats: [DType] = [.float64, .float32, .bfloat16, .float16]

  /// The text of a function's values and gradients.
  private func lines(
    _ shapes: [[Int]], _ dtype: DType, _ function: ([Tensor]) -> Tensor
  ) throws -> [String] {
    let points = shapes.map { Tensor.placeholder(TensorType(dtype, $0)) }
    let (value, gradients) = valueAndGradients(at: points) { function($0).sum() }
    let captured = try Graph.capture([function(points), value] + gradients, inputs: points)
    let builder = StableHLOBuilder()
    let inputs = captured.leaves.map {
      StableHLOValue(name: builder.freshName(), type: StableHLOType($0.type))
    }
    let outputs = try builder.lower(captured.graph, on: inputs)
    #expect(
      outputs.map(\.type) == captured.graph.outputs.map { StableHLOType(captured.graph.types[$0]) })
    return builder.lines
  }

  @Test(
    "every operation and its gradient has a form in StableHLO", arguments: OperationExample.all,
    floats)
  func complete(example: OperationExample, dtype: DType) throws {
    _ = try lines(example.shapes, dtype, example.call)
  }

  @Test("a checkpointed part is computed again behind a barrier")
  func recomputed() throws {
    func count(_ name: String, _ lines: [String]) -> Int {
      lines.count { $0.contains("stablehlo.\(name) ") }
    }
    let kept = try lines([[2, 3]], .float32) { $0[0].tanh().exp() }
    let again = try lines([[2, 3]], .float32) { x in checkpointed(x[0]) { $0.tanh().exp() } }
    #expect(count("optimization_barrier", kept) == 0)
    #expect(count("optimization_barrier", again) == 1)
    #expect(count("tanh", again) == count("tanh", kept) + 1)
  }

  @Test("operations without elements are written as constants")
  func empty() throws {
    let text = try lines([[0, 3]], .float32) { $0[0].exp().sorted(axis: 0) }
    #expect(!text.contains { $0.contains("exponential") || $0.contains("sort") })
  }
}
