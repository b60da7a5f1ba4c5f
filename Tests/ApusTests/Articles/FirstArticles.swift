import Apus
import Foundation
import Testing

/// The examples of the index and of the article on lazy evaluation.
@Suite("article: first steps") struct FirstArticles {
  @Test("the index trains a network")
  func index() throws {
    let digits = try MNIST.digits5k()
    let (train, test) = try digits.dataset.split(test: 0.2, seed: 0)
    let trainer = Trainer(LeNet5(), loss: .crossEntropy, metrics: [.accuracy])
    try trainer.fit(train, epochs: 1, batchSize: 64, validation: test)
    #expect(trainer.step == 63)
  }

  @Test("reading computes, a mistake is a value")
  func lazy() throws {
    let x = Tensor([1, 2, 3] as [Float])
    let y = (x * 2 + 1).tanh()  // nothing is computed yet
    print(y.shape)  // [3]: known at once
    let values = try y.scalars()  // now: one plan, one pass over the elements
    #expect(values.count == 3)

    let step = compile { [$0[0] * 2 + $0[1]] }
    let sum = try step(x, y)[0]
    #expect(sum.shape == [3])

    let slope = gradient(at: x) { ($0 * $0 * $0).sum() }  // 3x²
    let curvature = gradient(at: x) { gradient(at: $0) { ($0 * $0 * $0).sum() }.sum() }  // 6x
    #expect(try slope.scalars() == [3, 12, 27])
    #expect(try curvature.scalars() == [6, 12, 18])

    #expect(throws: TensorError.self) {
      let w = Tensor.ones([4, 5])
      let h = matmul(Tensor.ones([2, 3]), w)  // refused here …
      let out = h.relu().sum()  // … carried along …
      print(try out.scalar())  // … thrown here, once
    }
  }
}
