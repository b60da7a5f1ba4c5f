import ApusData
import ApusTraining
import Foundation
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("Training as one of several processes", .needsPlugin) struct GroupTrainingTests {
  /// Trains as a process of a group whose other processes are not there: all devices are this one's.
  private func files(
    ofProcess index: Int, device: Device
  ) throws -> (names: [String], losses: [Double]) {
    let folder = FileManager.default.temporaryDirectory.path + "/apus-group-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let test = TrainingCase.mlp
    let data = try TensorDataset(inputs: test.inputs(64), targets: test.targets(64))
    let trainer = Trainer(
      test.model(), loss: .crossEntropy, optimizer: test.optimizer, seed: 3, device: device)
    let group = ProcessGroup(
      index: index, count: 2, coordinator: "127.0.0.1:1", token: "never asked for")
    let history = try ProcessGroup.$scoped.withValue(group) {
      try trainer.fit(
        data, epochs: 2, batchSize: 16,
        callbacks: [
          Checkpoint(folder: folder + "/checkpoints", every: .steps(3)),
          CSVLog(path: folder + "/history.csv"),
        ], progress: .silent)
    }
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return (names.sorted(), history["loss"])
  }

  @Test("the first process writes checkpoints and figures; others compute alike and write nothing")
  func writing() throws {
    let mesh = Mesh(["data": 2], on: "cpu")
    // The client of a process alone, which the group then finds.
    _ = try XLAPlacement(.mesh(mesh))
    let first = try files(ofProcess: 0, device: .mesh(mesh))
    let second = try files(ofProcess: 1, device: .mesh(mesh))
    #expect(
      first.names == [
        "checkpoints", "checkpoints/checkpoint-000000003.safetensors",
        "checkpoints/checkpoint-000000006.safetensors",
        "checkpoints/checkpoint-000000008.safetensors", "history.csv",
      ])
    #expect(second.names == [])
    #expect(first.losses.count == 2 && first.losses == second.losses)
  }

  @Test("a device of one process is refused in a group", arguments: [Device.cpu, .xla("cpu")])
  func oneDevice(device: Device) throws {
    _ = try XLAPlacement(.xla("cpu"))
    let error = #expect(throws: TensorError.self) {
      _ = try files(ofProcess: 1, device: device)
    }
    #expect(
      error?.reason
        == "2 processes were started together, and \(device) is a device of one: train on a mesh, "
        + "such as .mesh([\"data\": 2])")
  }
}
