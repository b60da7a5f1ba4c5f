import Apus
import Testing

/// The examples of the article on performance.
@Suite("article: performance") struct PerformanceArticle {
  @Test("a plan and its numbers, before anything runs")
  func plan() throws {
    let trainer = Trainer(LeNet5(), loss: .crossEntropy, optimizer: Adam())
    let images = TensorType(.float32, [128, 28, 28, 1])
    let labels = TensorType(.int32, [128])
    let plan = try trainer.plan(input: images, target: labels)
    print(plan.statistics)
    print(plan.table())

    let forward = try trainer.plan(of: .prediction, input: images).statistics.multiplyAdds
    // The first layer takes no gradient of its input.
    let first = 128 * 28 * 28 * 6 * 25
    #expect(plan.statistics.multiplyAdds == 3 * forward - first)
    #expect(plan.statistics.kernels >= plan.kernels.count)
  }

  @Test("plans of compiled functions and of functions with state")
  func functions() throws {
    let type = TensorType(.float32, [4, 4])
    let product = compile { [matmul($0[0], $0[0])] }
    #expect(try product.plan(for: [type]).statistics.multiplyAdds == 64)
    let sum = try StatefulFunction(state: [Tensor.zeros([4, 4])]) { state, inputs in
      ([state[0] + inputs[0]], [])
    }
    let numbers = try sum.plan(for: [type]).statistics
    #expect(numbers.kernels == 1 && numbers.inPlaceShares == 1)
  }
}
