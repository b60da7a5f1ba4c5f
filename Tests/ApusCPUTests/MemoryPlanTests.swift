import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

@Suite("memory of plans") struct MemoryPlanTests {
  /// A step of descent on a stack of dense layers. Inputs: weights, velocities, data, numbers.
  ///
  /// - Parameter momentum: Of the update's kernel; without, the update is elementwise.
  private func step(
    depth: Int, width: Int, rows: Int, momentum: Double? = nil
  ) throws -> PlanLayout {
    let points = Array(repeating: TensorType(.float32, [width, width]), count: 2 * depth)
    let others = [TensorType(.float32, [rows, width]), TensorType(.float32, [2])]
    let arguments = (points + others).map { Tensor.placeholder($0) }
    let (weights, velocities) = (Array(arguments[..<depth]), arguments[depth..<(2 * depth)])
    let found = gradients(at: weights) { weights in
      weights.reduce(arguments[2 * depth]) { matmul($0, $1).tanh() }.square().sum()
    }
    var updated: [Tensor] = []
    var options = CompileOptions()
    for (index, (weight, gradient)) in zip(weights, found).enumerated() {
      options.donations[updated.count] = index
      guard let momentum else {
        updated.append(weight - gradient * 0.1)
        continue
      }
      options.donations[updated.count + 1] = depth + index
      let moved = sgdMomentumUpdate(
        weight, gradient: gradient, velocity: velocities[depth + index],
        scalars: arguments[2 * depth + 1], momentum: momentum)
      updated += [moved.parameter, moved.velocity]
    }
    let captured = try Graph.capture(updated, inputs: arguments)
    return try PlanLayout(captured.graph, options, CPUConfiguration())
  }

  @Test(
    "gradients of weights live until their update, not until the last gradient",
    arguments: [nil, 0.9])
  func updates(momentum: Double?) throws {
    let weight = 64 * 64 * 4
    let few = try step(depth: 4, width: 64, rows: 2, momentum: momentum).arenaByteCount
    let many = try step(depth: 24, width: 64, rows: 2, momentum: momentum).arenaByteCount
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
