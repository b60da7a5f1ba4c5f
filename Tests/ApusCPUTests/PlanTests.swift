import ApusCPU
import ApusTestSupport
import Testing

@testable import ApusCore

@Suite("plans") struct PlanTests {
  /// Runs a graph with outputs that take over inputs, on copies of the given values.
  private func runDonated(
    _ inputs: [[Double]], donations: [Int: Int], _ function: ([Tensor]) -> [Tensor]
  ) throws -> (inputs: [[Double]], outputs: [[Double]]) {
    let arguments = inputs.map { Tensor.placeholder(TensorType(.float64, [$0.count])) }
    let results = function(arguments)
    let captured = try Graph.capture(results, inputs: arguments)
    var options = CompileOptions()
    options.donations = donations
    let plan = try CPUExecutor().compile(captured.graph, options: options)
    let given = try inputs.map { try Tensor($0).evaluatedStorage() }
    let fresh = try results.indices.filter { donations[$0] == nil }
      .map { try allocate(results[$0].type) }
    try run(plan, given + fresh)
    func read(_ storages: [Storage]) throws -> [[Double]] {
      try storages.map { try $0.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) } }
    }
    return (try read(given), try read(fresh))
  }

  @Test("an output takes over the memory of the input it replaces")
  func inPlace() throws {
    let result = try runDonated([[1, 2, 3], [10, 20, 30]], donations: [0: 0]) {
      [$0[0] + $0[1], ($0[0] * $0[1]).sum()]
    }
    #expect(result.inputs[0] == [11, 22, 33])
    #expect(result.outputs == [[140]])
  }

  @Test("a donated input that is read after its update keeps its value until then")
  func readAfterUpdate() throws {
    // The second output needs the old value and the new one.
    let result = try runDonated([[1, 2, 3]], donations: [0: 0]) { x in
      let updated = x[0] * 2
      return [updated, (x[0].flipped(axes: [0]) * updated.sum()).exp() * 0 + x[0] * updated]
    }
    #expect(result.inputs[0] == [2, 4, 6])
    #expect(result.outputs == [[2, 8, 18]])
  }

  @Test("two inputs can trade places")
  func swap() throws {
    let result = try runDonated([[1, 2], [3, 4]], donations: [0: 1, 1: 0]) { [$0[0], $0[1]] }
    #expect(result.inputs == [[3, 4], [1, 2]])
  }

  @Test("one value can go to two outputs")
  func duplicated() throws {
    let result = try runDonated([[1, 2]], donations: [:]) { x in
      let y = x[0] + 1
      return [y, y, x[0], y.reshaped(to: [1, 2])]
    }
    #expect(result.outputs == [[2, 3], [2, 3], [1, 2], [2, 3]])
  }

  @Test("plans run from several tasks at once")
  func concurrent() async throws {
    let function = compile { [($0[0] * 2 + 1).sum(axes: [1])] }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for step in 0..<50 {
            let value = Double(task * 100 + step)
            let x = Tensor(repeating: value, shape: [3, 5], dtype: .float64)
            let y = try function(x)[0].scalars(as: Double.self)
            #expect(y == Array(repeating: 5 * (2 * value + 1), count: 3))
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(function.traceCount == 1)
  }

  @Test("the transpose of a product becomes a product of transposes, without a copy")
  func transposedProduct() throws {
    let types = [TensorType(.float64, [2, 3]), TensorType(.float64, [3, 4])]
    let turned = try graph(of: { [matmul($0[0], $0[1]).matrixTransposed()] }, on: types)
    let plan = try CPUExecutor().compile(turned, options: CompileOptions())
    #expect(plan.description.contains("1 kernels"), "\(plan)")
    let a = Tensor((0..<6).map(Double.init), shape: [2, 3])
    let b = Tensor((0..<12).map { Double($0 * $0) }, shape: [3, 4])
    let product = matmul(a, b)
    let expected = try product.scalars(as: Double.self)
    let actual = try matmul(a, b).matrixTransposed().scalars(as: Double.self)
    for (row, column) in [(0, 0), (1, 0), (3, 1), (2, 1)] {
      #expect(actual[row * 2 + column] == expected[column * 4 + row])
    }
  }

  @Test("the gradient of picking elements writes its zeros itself")
  func embeddedZeros() throws {
    let types = [TensorType(.float32, [4, 9]), TensorType(.int64, [4])]
    let found = try graph(
      of: { x in gradients(at: [x[0]]) { $0[0].picking(labels: x[1]).square().sum() } }, on: types)
    let plan = try CPUExecutor().compile(found, options: CompileOptions())
    #expect(!plan.description.contains("constant"), "\(plan)")
  }

  @Test("what a function captures is computed once, not in every run")
  func standingValues() throws {
    let drawn = Tensor.normal([2, 4], key: RandomKey(seed: 3)) * 2
    let function = compile { [$0[0] + drawn.matrixTransposed()] }
    let y = try function(Tensor.zeros([4, 2]))[0].matrixTransposed().scalars()
    #expect(drawn.node.isKnown)
    #expect(try drawn.scalars() == y)
  }

  @Test("an index out of range is thrown with its value, place and limit")
  func indexOutOfRange() {
    let x = Tensor([1, 2, 3] as [Float])
    let error = #expect(throws: TensorError.self) {
      try x.gathered(Tensor([0, 7] as [Int32]), axis: 0, file: "App/Model.swift", line: 3).scalars()
    }
    #expect(
      error?.description == """
        gather: index 7 at position 1 is out of range: valid are 0..<3
          called at App/Model.swift:3
        """)
  }

  @Test("watching for NaN names the first operation that gave one")
  func watch() {
    let x = Tensor([1, -1] as [Float])
    let error = #expect(throws: TensorError.self) {
      try Debugging.$watchesNonFinite.withValue(true) {
        try (x.log(file: "App/Model.swift", line: 9) + 1).exp().sum().scalar()
      }
    }
    #expect(error?.operation == "log")
    #expect(error?.site == CallSite(file: "App/Model.swift", line: 9))
  }

  @Test("a long chain of operations neither overflows the stack nor leaks")
  func longChain() throws {
    var x = Tensor([1, 2] as [Float])
    for _ in 0..<100_000 { x = x + 1 }
    x = Tensor([3] as [Float])
    #expect(try x.scalars() == [3])
    var y = Tensor([0] as [Double])
    for _ in 0..<2000 { y = y + 1 }
    #expect(try y.scalars(as: Double.self) == [2000])
  }
}
