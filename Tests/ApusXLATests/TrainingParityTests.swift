import ApusCore
import ApusModels
import ApusNN
import ApusTestSupport
import ApusTraining
import ApusXLA
import Testing

@Suite("training on XLA", .needsPlugin, .serialized) struct TrainingParityTests {
  @Test("fifty steps in float64 agree with the CPU, loss by loss", arguments: TrainingCase.all)
  func float64(_ example: TrainingCase) throws {
    let expected = try example.losses(steps: 50, device: .cpu, precision: .float64)
    let actual = try example.losses(steps: 50, device: .xla("cpu"), precision: .float64)
    #expect(actual.count == 50)
    expectClose(actual, expected, absolute: 1e-9, relative: 1e-7, "\(example)")
  }

  @Test("fifty steps in float32 agree with the CPU, loss by loss", arguments: TrainingCase.all)
  func float32(_ example: TrainingCase) throws {
    let expected = try example.losses(steps: 50, device: .cpu, precision: .float32)
    let actual = try example.losses(steps: 50, device: .xla("cpu"), precision: .float32)
    expectClose(actual, expected, absolute: 1e-4, relative: 2e-3, "\(example)")
  }

  @Test("ten steps in mixed bfloat16 stay near the CPU's", arguments: TrainingCase.all)
  func mixed(_ example: TrainingCase) throws {
    let expected = try example.losses(steps: 10, device: .cpu, precision: .mixedBFloat16)
    let actual = try example.losses(steps: 10, device: .xla("cpu"), precision: .mixedBFloat16)
    expectClose(actual, expected, absolute: 0.03, relative: 0.03, "\(example)")
  }

  @Test("a model trained on a device goes on where it was on the CPU")
  func handsOver() throws {
    let example = TrainingCase.mlp
    let model = example.model()
    _ = try example.losses(steps: 8, device: .xla("cpu"), precision: .float64, model: model)
    let after = try example.losses(steps: 4, device: .cpu, precision: .float64, model: model)
    let other = example.model()
    _ = try example.losses(steps: 8, device: .cpu, precision: .float64, model: other)
    let expected = try example.losses(steps: 4, device: .cpu, precision: .float64, model: other)
    expectClose(after, expected, absolute: 1e-10, relative: 1e-9)
  }

  @Test("a label out of range is told with the caller's line; the parameters are readable")
  func badLabel() throws {
    let model = Sequential { Dense(3) }
    let x = Tensor.normal([8, 4], key: RandomKey(seed: 1))
    let y = Tensor([0, 1, 2, 0, 1, 2, 0, 7] as [Int32])
    func message(_ device: Device) -> String {
      do {
        let trainer = Trainer(model, loss: .crossEntropy, seed: 1, device: device)
        try trainer.fit(
          x, y, epochs: 2, batchSize: 8, shuffles: false, progress: .silent, file: "App/Main.swift",
          line: 5)
        return "no error"
      } catch { return "\(error)" }
    }
    let expected = message(.cpu)
    let before = try model.variables.map { try $0.variable.value.scalars(as: Float.self) }
    #expect(message(.xla("cpu")) == expected)
    #expect(expected.contains("App/Main.swift:5"))
    let after = try model.variables.map { try $0.variable.value.scalars(as: Float.self) }
    #expect(before == after)
  }
}

@Suite("training on a mesh", .needsPlugin, .serialized) struct MeshTests {
  @Test("four devices compute what one does", arguments: [TrainingCase.mlp, .lenet, .gpt])
  func dataParallel(_ example: TrainingCase) throws {
    let expected = try example.losses(steps: 12, device: .xla("cpu"), precision: .float64)
    let actual = try example.losses(
      steps: 12, device: .mesh(["data": 4], on: "cpu"), precision: .float64)
    expectClose(actual, expected, absolute: 1e-9, relative: 1e-8, "\(example)")
  }

  @Test("batches over two, weights over two devices compute what one does")
  func modelParallel() throws {
    let example = TrainingCase.mlp
    let expected = try example.losses(steps: 12, device: .cpu, precision: .float32)
    let device = Device.mesh(["data": 2, "model": 2], on: "cpu")
    let model = example.model()
    let actual = try example.losses(steps: 12, device: device, precision: .float32, model: model)
    expectClose(actual, expected, absolute: 1e-5, relative: 1e-5)
    #expect(
      try model.variables.allSatisfy { try $0.variable.value.scalars().allSatisfy(\.isFinite) })
  }

  @Test("a mesh that cannot be is refused with the numbers")
  func refusals() {
    func message(_ device: Device) -> String {
      do {
        try device.run {}
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(message(.mesh([:], on: "cpu")) == "mesh: a mesh needs an axis")
    #expect(
      message(.mesh(["data": 0], on: "cpu")) == "mesh: axis data of the mesh has 0 devices")
    #expect(
      message(.mesh(Mesh(["data": 2], on: "cpu", parameters: .split(over: "tensor"))))
        == "mesh: parameters are to be split over axis tensor, which the mesh has not")
    #expect(
      message(.xla("cpu:x"))
        == "device: 'cpu:x' names no device: write a platform, or platform:number")
  }
}
