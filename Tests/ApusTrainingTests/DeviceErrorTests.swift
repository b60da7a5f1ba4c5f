import ApusCPU
import ApusData
import ApusModels
import ApusNN
import ApusTraining
import Foundation
import Testing

@testable import ApusCore

/// A processor that is lost after some runs, as a device would be.
private struct FailingExecutor: Executor {
  let name = "failing"
  let plans = CPUExecutor()

  func compile(
    _ graph: Graph, options: CompileOptions
  ) throws(TensorError) -> any Executable {
    FailingPlan(try plans.compile(graph, options: options))
  }
}

private final class FailingPlan: Executable {
  let plan: any Executable
  nonisolated(unsafe) var runs = 0  // One task trains.

  init(_ plan: any Executable) { self.plan = plan }

  var description: String { plan.description }
  var standingInputs: [Int] { plan.standingInputs }

  func run(
    _ buffers: UnsafeBufferPointer<UnsafeMutableRawPointer>, contents: UnsafeBufferPointer<UInt64>
  ) throws(TensorError) {
    runs += 1
    if runs == 6 {
      throw TensorError(operation: TensorError.deviceOperation, reason: "the device is lost")
    }
    try plan.run(buffers, contents: contents)
  }
}

@Suite("a device that fails") struct DeviceErrorTests {
  @Test("the error names the checkpoint to go on from, which does go on")
  func namesCheckpoint() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "apus-device-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = try TensorDataset(
      inputs: Tensor.normal([16, 4], key: RandomKey(seed: 1)),
      targets: Tensor.randomIntegers([16], in: 0..<3, key: RandomKey(seed: 2)))
    func fit(resuming: Bool) throws -> History {
      let trainer = Trainer(Sequential { Dense(3) }, loss: .crossEntropy)
      return try trainer.fit(
        data, epochs: 4, batchSize: 8,
        callbacks: [Checkpoint(folder: folder, every: .steps(2))], progress: .silent,
        resumingFrom: resuming ? folder : nil)
    }
    let error = #expect(throws: TensorError.self) {
      try Executors.with(FailingExecutor()) { _ = try fit(resuming: false) }
    }
    #expect(
      error?.reason
        == "the device is lost\n  the last checkpoint is \(folder)/checkpoint-000000004.safetensors"
    )
    #expect(try fit(resuming: true).epochs.count == 4)
  }
}
