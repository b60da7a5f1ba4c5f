import ApusTestSupport
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("loops on XLA") struct ScanLoweringTests {
  private static func loop(
    _ operands: [Tensor], length: Int? = nil, reverse: Bool
  ) -> [Tensor] {
    let (initial, sequence, weight) = (operands[0], operands[1], operands[2])
    let result = scan(
      initial: [initial, initial * 0.5], over: [sequence], length: length, reverse: reverse
    ) { carry, x in
      let next = (matmul(carry[0], weight) + x[0]).tanh() * carry[1]
      return ([next, carry[1] + x[0]], [next, carry[0] * x[0]])
    }
    return result.carry + result.y
  }

  @Test("values and gradients agree", .needsPlugin, arguments: [false, true], [0, 1, 7])
  func agree(reverse: Bool, length: Int) throws {
    let operands = [
      randomNumbers([2, 3], seed: 1), randomNumbers([length, 2, 3], seed: 2),
      randomNumbers([3, 3], seed: 3),
    ]
    try expectParity(operands, within: 1e-12) { operands in
      Self.loop(operands, reverse: reverse)
        + gradients(at: operands) { points in
          Self.loop(points, reverse: reverse).reduce(Tensor(0, dtype: .float64)) {
            $0 + $1.square().sum()
          }
        }
    }
  }

  @Test("loops within loops, and loops that only count", .needsPlugin)
  func nested() throws {
    try expectParity([randomNumbers([3], seed: 4), randomNumbers([4, 3], seed: 5)], within: 1e-12) {
      func y(_ x: [Tensor]) -> Tensor {
        scan(initial: [x[0]], over: [x[1]]) { outer, row in
          let inner = scan(initial: [outer[0]], length: 3, reverse: true) { carry, _ in
            ([(carry[0] * row[0] + x[0]).sin()], [carry[0]])
          }
          return ([inner.carry[0]], [inner.y[0].sum(axes: [0])])
        }.y[0]
      }
      return [y($0)] + gradients(at: $0) { y($0).square().sum() }
    }
  }

  @Test("truth values, integers and 16-bit numbers are carried and stacked", .needsPlugin)
  func dtypes() throws {
    try expectAgreement {
      let x = wholeNumbers([5, 3], .int64, seed: 6)
      let result = scan(
        initial: [x[0], x[0] .> 3, x[0].converted(to: .bfloat16), x[0].converted(to: .uint8)],
        over: [x, x .> 2]
      ) { carry, x in
        let sum = carry[0] * x[0] + x[0]
        let odd = carry[1] .^ x[1]
        return (
          [sum, odd, carry[2] + x[0].converted(to: .bfloat16), carry[3]],
          [odd, carry[3], sum, carry[2]]
        )
      }
      return result.carry + result.y
    }
  }

  @Test("what nothing uses is not stacked, and nothing from outside is used inside")
  func text() throws {
    let x = Tensor.placeholder(TensorType(.float32, [4, 3]))
    let w = Tensor.placeholder(TensorType(.float32, [3]))
    func updates(_ results: [Int]) throws -> Int {
      let loop = scan(initial: [w], over: [x]) { ([$0[0] * w + $1[0]], [$0[0], $1[0] * 2]) }
      let all = loop.carry + loop.y
      let captured = try Graph.capture(results.map { all[$0] }, inputs: [x, w])
      let builder = StableHLOBuilder()
      let inputs = captured.leaves.map {
        StableHLOValue(name: builder.freshName(), type: StableHLOType($0.type))
      }
      _ = try builder.lower(captured.graph, on: inputs)
      let text = builder.lines.joined(separator: "\n")
      let body = try #require(text.split(separator: "} do {").last)
      let header = try #require(text.split(separator: "stablehlo.while").last)
      let given = Set(header.prefix { $0 != ":" }.matches(of: /(%\d+) =/).map { String($0.1) })
      let made = Set(body.matches(of: /(%\d+)(?::\d+)? =/).map { String($0.1) })
      let inside = body.prefix(
        upTo: body.range(of: "stablehlo.return")?.lowerBound ?? body.endIndex)
      let used = Set(inside.matches(of: /%\d+/).map { String($0.0) })
      #expect(used.subtracting(given).subtracting(made) == [])
      return body.matches(of: /dynamic_update_slice/).count
    }
    #expect(try updates([0]) == 0)
    #expect(try updates([1]) == 1)
    #expect(try updates([0, 1, 2]) == 2)
  }

  @Test("an index out of range in a step is told as the CPU executor tells it", .needsPlugin)
  func checks() throws {
    let table = Tensor([1.0, 2, 3])
    func first(_ rows: [Int32], _ others: [Int32], reverse: Bool = false) -> Tensor {
      let steps = [
        Tensor(rows, shape: [rows.count / 2, 2]), Tensor(others, shape: [others.count / 2, 2]),
      ]
      return scan(initial: [table[0]], over: steps, reverse: reverse) { carry, x in
        let sum = table.gathered(x[0]).sum() + (table * 2).gathered(x[1]).sum()
        return ([carry[0] + sum], [])
      }.carry[0]
    }
    func within(_ indices: [Int32]) -> Tensor {
      scan(initial: [table[0]], over: [Tensor(indices)]) { carry, x in
        let inner = scan(initial: [carry[0]], length: 3) { inner, _ in
          ([inner[0] + table.gathered(x[0].expanded(at: 0)).sum()], [])
        }
        return ([inner.carry[0]], [])
      }.carry[0]
    }
    let good: [Int32] = [0, 1, -1, 2, 1, -3]
    try expectSameFailures {
      [
        // The second of the two checks fails in an earlier step than the first.
        first([0, 1, 2, 0, 1, 7], [0, 1, 2, -9, 8, 1]), first([0, 5, 6, 0, 1, 1], good),
        first([0, 5, 6, 0, 1, 1], good, reverse: true), first(good, [0, 1, 2, 3, 4, 5]),
        first([0, 9, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0]), within([0, 1, 5, 6]),
      ]
    }
    try expectAgreement { [first(good, good), within([0, 2, -1])] }
  }
}
