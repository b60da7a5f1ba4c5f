import Apus
import Testing

/// The example of the article on several processes.
@Suite("article: several processes") struct ProcessesArticle {
  @Test("a process that was started alone is the one that writes")
  func alone() throws {
    #expect(ProcessGroup.current.isCoordinator)
    #expect(ProcessGroup.current.count == 1)
  }

  /// Needs eight devices: compiled, and run where they are.
  func training(_ model: any Layer, _ train: TensorDataset) throws {
    let mesh = Mesh(["data": 8], on: "cuda")  // two processes with four devices each
    let trainer = Trainer(model, loss: .crossEntropy, optimizer: Adam(), device: .mesh(mesh))
    let history = try trainer.fit(
      train, epochs: 3, batchSize: 512, callbacks: [Checkpoint(folder: "run")])
    if ProcessGroup.current.isCoordinator {
      print(history.epochs.last?.values["loss"] ?? .nan)
    }
  }
}
