import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@testable import ApusNN

@Suite("selection by path") struct SelectionTests {
  private func model() throws -> Sequential {
    let model = Sequential {
      Sequential {
        Dense(4)
        BatchNorm()
      }
      Dense(2)
    }
    try model.build(TensorType(.float32, [5, 3]), seed: 2)
    return model
  }

  @Test("freezing by pattern tells what it froze; gradients leave those out")
  func freezing() throws {
    let model = try model()
    let body = ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"]
    #expect(try model.setTrainable(false, matching: "0.**") == body)
    #expect(model.parameterCount == 12 + 4 + 8 + 8 + 2)
    #expect(model.trainableParameterCount == 8 + 2)
    #expect(model.parameterCount(matching: "**.bias") == 4 + 4 + 2)
    #expect(model.parameterCounts.map(\.part) == ["0", "1"])
    #expect(model.parameterCounts.map(\.count) == [24, 10])
    #expect(model.parameters(matching: "*.weight").map(\.path) == ["1.weight"])
    #expect(model.buffers(matching: "**.running_var").map(\.path) == ["0.1.running_var"])
    #expect(model.modules(matching: "0.*").map(\.path) == ["0.0", "0.1"])
    #expect(model.module(at: "0.1") is ApusNN.BatchNorm)
    #expect(model.module(at: "7") == nil)
    #expect(model.parameter(at: "1.bias")?.type == TensorType(.float32, [2]))
    let x = standIn(.float32, [5, 3])
    #expect(model.valueAndGradients { model(x).sum() }.gradients.count == 2)
    #expect(try model.setTrainable(true, matching: "0.0.*").count == 2)
    #expect(model.trainableParameterCount == 26)
    model.setTrainable(true)
    #expect(model.trainableParameterCount == 34)
  }

  @Test("a pattern that covers nothing is a mistake")
  func nothing() throws {
    let model = try model()
    let error = #expect(throws: TensorError.self) {
      try model.setTrainable(false, matching: "encoder.**", file: "App/M.swift", line: 3)
    }
    #expect(
      error?.description == """
        setTrainable: no path matches encoder.**; Sequential has 0.0.weight, 0.0.bias, \
        0.1.weight, 0.1.bias, 1.weight, 1.bias
          called at App/M.swift:3
        """)
    #expect(throws: TensorError.self) { try model.fixStatistics(matching: "running") }
    #expect(throws: TensorError.self) { try Dense(2).fixStatistics() }
  }

  @Test("fixed statistics do not move, and training normalizes with them")
  func statistics() throws {
    try TestExecutor.cpu.run {
      let norm = BatchNorm()
      let x = BadInput.filled([6, 3])
      try norm.build(x.type, seed: 0)
      func call() throws -> (y: [Float], updates: Int) {
        let context = Context(isTraining: true)
        let y = try norm(x, context).scalars()
        return (y, context.updates.count)
      }
      let atInference = try norm(x).scalars()
      norm.setTrainable(false)
      #expect(try call().updates == 3)
      #expect(try call().y != atInference)
      #expect(
        try norm.fixStatistics() == ["running_mean", "running_var", "num_batches_tracked"])
      #expect(try call().updates == 0)
      #expect(try call().y == atInference)
      try norm.fixStatistics(false)
      #expect(try call().updates == 3)
    }
  }

  @Test("layers are exchanged, dropped and appended with their parameters")
  func editing() throws {
    let model = try model()
    let body = try #require(model[0])
    let replaced = try model.replacing(at: -1, with: Dense(7))
    #expect(replaced.layers.count == 2)
    #expect(replaced[0] === body)
    #expect(try replaced.build(TensorType(.float32, [5, 3]), seed: 1).shape == [5, 7])
    let shorter = try model.dropLast()
    #expect(shorter.parameters.map(\.path) == ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"])
    let longer = shorter.appending {
      Dense(5)
      Activation.relu
    }
    #expect(longer.layers.count == 3)
    #expect(longer.parameters[0].parameter === model.parameters[0].parameter)
    var bad = BadInput()
    for size in BadInput.sizes + [-3, -4] {
      bad.attempt("replacing \(size)") { _ = try model.replacing(at: size, with: Dense(1)) }
      bad.attempt("dropLast \(size)") { _ = try model.dropLast(size) }
    }
    #expect(bad.refusals == 13 + 14)
    print("bad input: editing: \(bad.calls) calls, \(bad.refusals) refused")
  }
}
