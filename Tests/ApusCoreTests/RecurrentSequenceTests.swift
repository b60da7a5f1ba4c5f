import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

/// A recurrent sequence with drawn operands.
struct RecurrentCase: CustomStringConvertible, Sendable {
  let cell: RecurrentCell
  var steps = 5
  var samples = 7
  var units = 3
  var isReversed = false
  var lengths: [Int32]?
  var dtype = DType.float64

  var description: String {
    "\(cell.name) [\(steps), \(samples), \(units)]\(isReversed ? " reversed" : "")"
      + (lengths.map { " \($0)" } ?? "")
  }

  /// Shapes of input, weight, bias, states and peepholes.
  var shapes: [[Int]] {
    let gates = cell.gateCount * units
    let states = Array(repeating: [samples, units], count: cell.stateCount)
    return [[steps, samples, gates], [gates, units], [gates]] + states
      + (cell.hasPeepholes ? [[3, units]] : [])
  }

  func operands(seed: UInt64 = 3) -> [Tensor] {
    var random = SplitMix(state: seed)
    return shapes.map { dims in
      // Sums over units stay within what gates tell apart.
      let bound = dims.count == 2 && dims[1] == units ? 1 / Double(units).squareRoot() : 1
      let values = (0..<dims.reduce(1, *)).map { _ in
        Double.random(in: -bound..<bound, using: &random)
      }
      return Tensor(values, shape: Shape(dims), dtype: dtype)
    }
  }

  /// Outputs and last states.
  func run(_ x: [Tensor]) -> [Tensor] {
    let result = recurrentSequence(
      cell, input: x[0], weight: x[1], bias: x[2], states: Array(x[3..<(3 + cell.stateCount)]),
      peepholes: cell.hasPeepholes ? x[3 + cell.stateCount] : nil,
      lengths: lengths.map { Tensor($0) }, isReversed: isReversed)
    return [result.y] + result.states
  }

  /// A number that depends on every result, and differently on each of its elements.
  func loss(_ x: [Tensor]) -> Tensor {
    let terms = run(x).map { y in
      let count = Double(max(y.count, 1))
      let weights = Tensor.iota([y.count], axis: 0).converted(to: y.dtype).reshaped(to: y.shape)
      return (y * (weights * (1 / count) + 0.5)).square().sum()
    }
    return terms.dropFirst().reduce(terms[0]) { $0 + $1 }
  }

  func valuesAndGradients() throws -> [Double] {
    let x = operands()
    let all = run(x) + gradients(at: x, of: loss)
    return try all.flatMap { try $0.scalars(as: Double.self) }
  }

  static let all: [RecurrentCase] = RecurrentCell.all.flatMap { cell in
    [false, true].flatMap { isReversed in
      [
        RecurrentCase(cell: cell, isReversed: isReversed),
        RecurrentCase(
          cell: cell, isReversed: isReversed, lengths: [5, 1, 0, 3, 5, 2, 4]),
        RecurrentCase(cell: cell, steps: 1, samples: 1, units: 1, isReversed: isReversed),
        RecurrentCase(cell: cell, steps: 1, samples: 7, units: 17, isReversed: isReversed),
      ]
    }
  }
}

@Suite("recurrent sequences") struct RecurrentSequenceTests {
  @Test("the kernel agrees with the loop of its decomposition", arguments: RecurrentCase.all)
  func values(_ c: RecurrentCase) throws {
    let expected = try TestExecutor.reference.run { try c.valuesAndGradients() }
    let actual = try TestExecutor.cpu.run { try c.valuesAndGradients() }
    expectClose(actual, expected, absolute: 1e-12, relative: 1e-10, "\(c)")
  }

  @Test(
    "the gradient agrees with central differences, orders 1 and 2", arguments: RecurrentCell.all)
  func gradients(_ cell: RecurrentCell) throws {
    for (isReversed, lengths) in [(false, nil), (true, [3, 1])] as [(Bool, [Int32]?)] {
      let c = RecurrentCase(
        cell: cell, steps: 3, samples: 2, units: 2, isReversed: isReversed, lengths: lengths)
      // Away from the kink of the rectifier.
      let range = cell == .relu ? 0.1..<1 : -1..<1
      try checkGradient(of: c.shapes, in: range, seed: 4, tolerance: 1e-5, c.loss)
    }
  }

  @Test("deep products of float32 agree with float64", arguments: RecurrentCell.all)
  func singlePrecision(_ cell: RecurrentCell) throws {
    var c = RecurrentCase(cell: cell, steps: 4, samples: 13, units: 300)
    let expected = try c.valuesAndGradients()
    c.dtype = .float32
    expectClose(try c.valuesAndGradients(), expected, absolute: 2e-5, relative: 2e-4, "\(c)")
  }

  @Test("bfloat16 agrees within its precision", arguments: RecurrentCell.all)
  func halfPrecision(_ cell: RecurrentCell) throws {
    var c = RecurrentCase(cell: cell, lengths: [5, 1, 0, 3, 5, 2, 4])
    let expected = try c.run(c.operands()).flatMap { try $0.scalars(as: Double.self) }
    c.dtype = .bfloat16
    let results = c.run(c.operands())
    #expect(results.allSatisfy { $0.dtype == .bfloat16 })
    let actual = try results.flatMap { try $0.scalars(as: Double.self) }
    expectClose(actual, expected, absolute: 0.03, relative: 0.03, "\(c)")
  }

  @Test("one and two threads give the same bits", arguments: RecurrentCell.all, [false, true])
  func threads(_ cell: RecurrentCell, deterministic: Bool) throws {
    let lengths = (0..<33).map { Int32($0 % 9) }
    let c = RecurrentCase(
      cell: cell, steps: 8, samples: 33, units: 40, lengths: lengths, dtype: .float32)
    let results = try [1, 2].map { threads in
      let configuration = CPUConfiguration(threads: threads, isDeterministic: deterministic)
      return try Executors.with(CPUExecutor(configuration)) {
        let x = c.operands()
        // Weight gradients are matrix products, whose library may split sums unless told not to.
        let slopes = ApusCore.gradients(at: x, of: c.loss)
        let all = c.run(x) + (deterministic ? slopes : [slopes[0]] + slopes[3...])
        return try all.map { try $0.bytes() }
      }
    }
    #expect(results[0] == results[1])
  }

  @Test("a plan has as many kernels for 1,000 steps as for 10, and memory for the sequences alone")
  func planSize() throws {
    func plan(_ steps: Int) throws -> PlanLayout {
      let c = RecurrentCase(
        cell: .lstm, steps: steps, samples: 2, units: 16, dtype: .float32)
      let x = c.shapes.map { Tensor.placeholder(TensorType(.float32, Shape($0))) }
      let slopes = ApusCore.gradients(at: x, of: c.loss)
      let captured = try Graph.capture(slopes, inputs: x)
      return try PlanLayout(captured.graph, CompileOptions(), CPUConfiguration(threads: 1))
    }
    let (short, long) = (try plan(10), try plan(1000))
    #expect(long.nodes.count == short.nodes.count)
    // Gates, gradients of gates, states, outputs and their gradients: at most 20 state widths.
    let perStep = Double(long.arenaByteCount - short.arenaByteCount) / 990
    #expect(perStep <= 20 * 2 * 16 * 4, "\(perStep) bytes a step")
  }

  @Test("1,000 steps give finite values and gradients", arguments: RecurrentCell.all)
  func longSequences(_ cell: RecurrentCell) throws {
    let c = RecurrentCase(
      cell: cell == .relu ? .tanh : cell, steps: 1000, samples: 2, units: 8, dtype: .float32)
    #expect(try c.valuesAndGradients().allSatisfy { $0.isFinite })
  }

  @Test(
    "a batch of no samples gives results of none and gradients of zero",
    arguments: RecurrentCell.all)
  func emptyBatch(_ cell: RecurrentCell) throws {
    let c = RecurrentCase(cell: cell, samples: 0, lengths: [])
    let x = c.operands()
    #expect(try c.run(x).allSatisfy { try $0.scalars(as: Double.self).isEmpty })
    let slopes = ApusCore.gradients(at: x, of: c.loss)
    #expect(slopes.map(\.shape) == x.map(\.shape))
    #expect(try slopes[1].scalars(as: Double.self).allSatisfy { $0 == 0 })
  }

  @Test("a length outside the steps is an error when values are read")
  func wrongLengths() {
    for length in [-1, 6] as [Int32] {
      let c = RecurrentCase(cell: .gru, samples: 2, lengths: [5, length])
      #expect(throws: TensorError.self, "\(length)") {
        try eval(c.run(c.operands()))
      }
    }
  }

  @Test("inference stores neither gates nor states")
  func inference() throws {
    let c = RecurrentCase(cell: .lstm, steps: 64, samples: 8, units: 32, dtype: .float32)
    let x = c.shapes.map { Tensor.placeholder(TensorType(.float32, Shape($0))) }
    func bytes(_ results: [Tensor]) throws -> Int {
      let captured = try Graph.capture(results, inputs: x)
      return try PlanLayout(captured.graph, CompileOptions(), CPUConfiguration(threads: 1))
        .arenaByteCount
    }
    #expect(try bytes(c.run(x)) < 64 * 8 * 32 * 4)
  }

  @Test("multiply-adds are those of the recurrent products")
  func multiplyAdds() {
    let c = RecurrentCase(cell: .gru)
    let types = c.shapes.map { TensorType(.float64, Shape($0)) }
    #expect(RecurrentSequence(cell: .gru).multiplyAdds(types) == 5 * 7 * 9 * 3)
  }

  @Test("refusals name what does not fit, with both numbers")
  func refusals() {
    let c = RecurrentCase(cell: .tanh)
    func refusal(_ change: (inout [Tensor]) -> Void) -> String {
      var x = c.shapes.map { standIn(.float32, $0) }
      change(&x)
      return c.run(x)[0].error?.reason ?? "none"
    }
    #expect(refusal { $0[0] = standIn(.float32, [0, 7, 3]) } == "the sequence has no steps")
    #expect(
      refusal { $0[0] = standIn(.float32, [5, 7, 4]) }
        == "the input has 4 gates, the state needs 3")
    #expect(
      refusal { $0[1] = standIn(.float32, [4, 3]) } == "weight must be f32[3, 3], not f32[4, 3]")
    #expect(refusal { $0[3] = standIn(.float64, [7, 3]) } == "h must be f32[7, 3], not f64[7, 3]")
    #expect(refusal { $0[0] = standIn(.int32, [5, 7, 3]) } == "needs a floating dtype, not i32")
  }
}
