import ApusCPU
import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("standing values") struct StandingValueTests {
  /// A plan of which some inputs stand, with memory of its own for everything.
  private struct Runner {
    let plan: any Executable
    let inputs: [Storage]
    let outputs: [Storage]

    init(
      _ inputs: [Tensor], standing: Set<Int>, donations: [Int: Int] = [:],
      _ function: ([Tensor]) -> [Tensor]
    ) throws {
      let arguments = inputs.map { Tensor.placeholder($0.type) }
      let results = function(arguments)
      let captured = try Graph.capture(results, inputs: arguments)
      var options = CompileOptions()
      options.standing = standing
      options.donations = donations
      plan = try CPUExecutor().compile(captured.graph, options: options)
      self.inputs = try inputs.map { tensor in
        try eval(tensor)
        return try #require(tensor.evaluatedStorage().copy())
      }
      outputs = try results.indices.filter { donations[$0] == nil }
        .map { try allocate(results[$0].type) }
    }

    /// Runs with the names that the inputs' contents have now, or with none.
    func callAsFunction(named: Bool = true) throws -> [[Float]] {
      let names = named ? plan.standingInputs.map { inputs[$0].contents } : []
      try run(plan, inputs + outputs, contents: names)
      return try outputs.map { try $0.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } }
    }

    func write(_ value: Float, to input: Int, renames: Bool = true) throws {
      try inputs[input].withUnsafeMutableBytes { bytes in
        for index in bytes.bindMemory(to: Float.self).indices {
          bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
        }
      }
      if renames { inputs[input].renameContents() }
    }
  }

  @Test("what stands is computed when its contents have another name, and only then")
  func recomputed() throws {
    let runner = try Runner(
      [Tensor.ones([2, 3]), Tensor.ones([3]), Tensor.ones([3])], standing: [1, 2]
    ) { x in
      [x[0] * (x[1] + 2 * x[2]).exp()]
    }
    #expect(runner.plan.standingInputs == [1, 2])
    func expected(_ a: Double, _ b: Double) throws -> [Float] {
      try (Tensor.ones([2, 3]) * Tensor(a + 2 * b).exp()).scalars()
    }
    try #expect(runner()[0] == expected(1, 1))
    // The plan cannot see a change that nobody has told.
    try runner.write(3, to: 1, renames: false)
    try #expect(runner()[0] == expected(1, 1))
    runner.inputs[1].renameContents()
    try #expect(runner()[0] == expected(3, 1))
    try runner.write(-1, to: 2)
    try #expect(runner()[0] == expected(3, -1))
    // Without names it must look for itself, also the next time.
    try runner.write(0.5, to: 1, renames: false)
    try #expect(runner(named: false)[0] == expected(0.5, -1))
    try runner.write(0.25, to: 1, renames: false)
    try #expect(runner()[0] == expected(0.25, -1))
  }

  @Test("inputs that do not stand are read in every run")
  func varying() throws {
    let runner = try Runner([Tensor.ones([4]), Tensor.ones([4])], standing: []) { x in
      [(x[0] + 1) * (x[1] + 2)]
    }
    #expect(runner.plan.standingInputs.isEmpty)
    #expect(try runner()[0] == [6, 6, 6, 6])
    try runner.write(2, to: 1, renames: false)
    #expect(try runner()[0] == [8, 8, 8, 8])
  }

  @Test("results and donated inputs made of standing values alone are written in every run")
  func leavesThePlan() throws {
    let runner = try Runner(
      [Tensor.ones([4]), Tensor.ones([4])], standing: [0], donations: [1: 1]
    ) { x in
      [x[0] + 1, matmul(x[0].reshaped(to: [2, 2]), x[0].reshaped(to: [2, 2])).flattened()]
    }
    for _ in 0..<2 {
      try runner.write(7, to: 1)
      try runner.outputs[0].withUnsafeMutableBytes {
        _ = $0.initializeMemory(as: Float.self, repeating: 9)
      }
      #expect(try runner()[0] == [2, 2, 2, 2])
      let second = try runner.inputs[1].withUnsafeBytes { $0.load(as: Float.self) }
      #expect(second == 2)
    }
  }

  @Test("kept values survive what the rest of the plan does with its memory", arguments: 0..<40)
  func randomPrograms(seed: UInt64) throws {
    // Layers that share the weights, scaled and packed in many ways, with outputs along the way.
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func pick(_ count: UInt64) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % count)
    }
    let width = 24 + 8 * pick(3)
    let key = RandomKey(seed: Int(seed))
    let inputs = (0..<4).map {
      Tensor.uniform(
        $0 == 0 ? [16, width] : [width, width], in: -0.3..<0.3, key: key.folding(in: $0))
    }
    let choices = (0..<12).map { _ in (pick(6), 1 + pick(3), pick(3)) }
    func function(_ x: [Tensor]) -> [Tensor] {
      var y = x[0]
      var results: [Tensor] = []
      for (kind, a, output) in choices {
        let w = x[a]
        switch kind {
        case 0: y = matmul(y, w).relu()
        case 1: y = matmul(y, w.matrixTransposed()) + w.sum(axes: [0])
        case 2: y = y * (w.mean(axes: [1]) + 1).exp()
        case 3: y = matmul(y, matmul(w, x[1 + a % 3]))
        case 4: y = y + Tensor.iota([width], axis: 0).converted(to: y.dtype) * 0.01
        default: y = concatenated([w, y]).sliced(axis: 0, width..<(width + 16)) + y
        }
        if output == 0 { results.append(y.sum(axes: [1])) }
      }
      return results + [y]
    }
    let runner = try Runner(inputs, standing: [1, 2, 3], function)
    for round in 0..<3 {
      if round == 2 { try runner.write(0.01, to: 2) }
      let values = runner.inputs.indices.map {
        Tensor(storage: runner.inputs[$0], type: inputs[$0].type)
      }
      // In doubles, evaluated at once: nothing stands, nothing is packed.
      let expected = try function(values.map { $0.converted(to: .float64) })
        .map { try $0.scalars(as: Double.self) }
      // Twice: with a fresh prologue, and with what it kept.
      for _ in 0..<2 {
        for (actual, wanted) in zip(try runner(), expected) {
          expectClose(actual.map { Double($0) }, wanted, absolute: 1e-4, relative: 1e-4)
        }
      }
    }
  }

  @Test("functions of different weights may share a plan, from several tasks at once")
  func shared() async throws {
    PlanCache.shared.removeAll()
    let functions = (0..<4).map { index in
      let w = Tensor.ones([64, 64]) * Double(index + 1)
      return compile { x in [matmul(x[0], (w * 2).matrixTransposed())] }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for step in 0..<20 {
            let index = (task + step) % functions.count
            let x = Tensor.ones([8, 64])
            let y = try functions[index](x)[0].scalars(as: Float.self)
            #expect(y == Array(repeating: Float(128 * (index + 1)), count: 8 * 64))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("an error of standing data comes in every run until the data are right")
  func error() throws {
    let runner = try Runner(
      [Tensor.ones([2, 3]), Tensor.ones([4, 3]), Tensor.zeros([2])], standing: [1, 2]
    ) { x in [x[0] * x[1].gathered(x[2].converted(to: .int32))] }
    try runner.write(9, to: 2)
    #expect(throws: TensorError.self) { try runner() }
    #expect(throws: TensorError.self) { try runner() }
    try runner.write(3, to: 2)
    #expect(try runner()[0] == [1, 1, 1, 1, 1, 1])
  }
}
