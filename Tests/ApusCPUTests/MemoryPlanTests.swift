import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

@Suite("memory of plans") struct MemoryPlanTests {
  /// A step of plain descent on a stack of dense layers, whose weights come first among the inputs.
  private func step(depth: Int, width: Int, rows: Int) throws -> PlanLayout {
    let points = Array(repeating: TensorType(.float32, [width, width]), count: depth)
    let arguments = (points + [TensorType(.float32, [rows, width])]).map { Tensor.placeholder($0) }
    let weights = Array(arguments.dropLast())
    let found = gradients(at: weights) { weights in
      weights.reduce(arguments[depth]) { matmul($0, $1).tanh() }.square().sum()
    }
    let updated = zip(weights, found).map { $0 - $1 * 0.1 }
    let captured = try Graph.capture(updated, inputs: arguments)
    var options = CompileOptions()
    for index in updated.indices { options.donations[index] = index }
    return try PlanLayout(captured.graph, options, CPUConfiguration())
  }

  @Test("gradients of weights live until their update, not until the last gradient")
  func updates() throws {
    let weight = 64 * 64 * 4
    let few = try step(depth: 4, width: 64, rows: 2).arenaByteCount
    let many = try step(depth: 24, width: 64, rows: 2).arenaByteCount
    print("arena of steps on 4 and 24 layers: \(few) and \(many) bytes")
    #expect(many < few + 2 * weight)
  }

  @Test("equal graphs give the same kernels on the same memory")
  func determinism() throws {
    let first = try step(depth: 8, width: 16, rows: 16)
    for _ in 0..<20 {
      let other = try step(depth: 8, width: 16, rows: 16)
      #expect(other.description == first.description)
      #expect(other.places == first.places)
    }
  }

  @Test("a region with several operands at their end takes over the first one's memory")
  func takeover() throws {
    let types = Array(repeating: TensorType(.float32, [16, 16]), count: 4)
    func layout() throws -> PlanLayout {
      let found = try graph(
        of: { x in
          let parts = x.map { matmul($0, $0) }
          let sum = parts[0] * parts[1] + parts[2] * parts[3]
          return [matmul(sum, sum), matmul(sum - 1, sum)]
        }, on: types)
      return try PlanLayout(found, CompileOptions(), CPUConfiguration())
    }
    let first = try layout()
    for _ in 0..<20 { #expect(try layout().places == first.places) }
  }
}
