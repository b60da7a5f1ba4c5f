import ApusNN
import ApusTestSupport
import ApusTraining
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("programs for a GPU compile without one", .needsPlugin, .needsGPUCompiler, .serialized)
struct GPUCompilationTests {
  /// Examples of the table that go into one program, which saves time.
  static let groups = stride(from: 0, to: OperationExample.all.count, by: 12).map { start in
    Array(OperationExample.all[start..<min(start + 12, OperationExample.all.count)])
  }

  /// The values of examples and the gradients of their sums.
  private func roots(_ examples: [OperationExample], _ dtype: DType) -> (
    inputs: [Tensor], outputs: [Tensor]
  ) {
    var (inputs, outputs): ([Tensor], [Tensor]) = ([], [])
    for example in examples {
      let operands = example.shapes.map {
        Tensor.placeholder(TensorType(dtype, Shape($0)))
      }
      inputs += operands
      outputs.append(example.call(operands))
      outputs += gradients(at: operands) { example.call($0).sum() }
    }
    return (inputs, outputs)
  }

  private func compile(
    _ graph: Graph, _ options: CompileOptions, _ device: Device, on topology: PJRTTopology
  ) throws {
    let placement = try XLAPlacement(device)
    let module = try StableHLOModule(graph, options, placement, precision: "HIGHEST")
    try topology.compile(module.text, options: placement.compileOptions.bytes)
  }

  @Test(
    "every operation and its gradient", arguments: groups.indices,
    GPUCompiler.compilesAll ? [DType.float32, .bfloat16] : [.float32])
  func operations(group: Int, dtype: DType) throws {
    let topology = try GPUCompiler.topology(devices: 1)
    func compile(_ examples: [OperationExample]) throws {
      let (inputs, outputs) = roots(examples, dtype)
      let captured = try Graph.capture(outputs, inputs: inputs)
      try self.compile(captured.graph, CompileOptions(), .xla("cpu"), on: topology)
    }
    let examples = Self.groups[group]
    do { try compile(examples) } catch {
      // Which one it is.
      for example in examples {
        do { try compile([example]) } catch { Issue.record("\(example) in \(dtype): \(error)") }
      }
      Issue.record("together: \(error)")
    }
  }

  /// The step that a run of one batch compiles.
  private func step(
    _ example: TrainingCase, _ precision: Precision
  ) throws -> (graph: Graph, options: CompileOptions) {
    let recorder = GraphRecorder()
    _ = try Executors.with(recorder) {
      try example.losses(steps: 1, device: .cpu, precision: precision)
    }
    let steps = recorder.graphs.filter { !$0.options.donations.isEmpty }
    return try #require(
      steps.max { $0.graph.instructions.count < $1.graph.instructions.count })
  }

  @Test(
    "steps of training", arguments: TrainingCase.all,
    GPUCompiler.compilesAll ? [Precision.float32, .mixedBFloat16] : [.float32])
  func steps(example: TrainingCase, precision: Precision) throws {
    let step = try step(example, precision)
    try compile(
      step.graph, step.options, .xla("cpu"), on: GPUCompiler.topology(devices: 1))
  }

  @Test(
    "a step over four devices",
    arguments: GPUCompiler.compilesAll ? TrainingCase.all : [.mlp, .lenet])
  func partitioned(example: TrainingCase) throws {
    let step = try step(example, .float32)
    #expect(!step.options.samples.isEmpty)
    try compile(
      step.graph, step.options, .mesh(["data": 4], on: "cpu"),
      on: GPUCompiler.topology(devices: 4))
  }

  @Test("what the compiler refuses is told")
  func refusal() throws {
    let error = #expect(throws: TensorError.self) {
      try GPUCompiler.topology(devices: 1).compile(
        "module { func.func public @main() { nonsense } }", options: XLACompileOptions().bytes)
    }
    #expect(error?.reason.hasPrefix("cannot compile the program: ") == true)
  }
}
