import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@Suite("group norm kernels") struct GroupNormKernelTests {
  @Test("samples in several parts and blocks agree with the decomposition", arguments: [1, 2])
  func parts(threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
      for shape in [[2, 40, 41, 24], [1, 700, 1, 35], [9, 17, 5, 40]] {
        let channels = shape[3]
        let x = Tensor.normal(Shape(shape), dtype: .float64, key: RandomKey(seed: 1)) + 3
        let dy = Tensor.normal(Shape(shape), dtype: .float64, key: RandomKey(seed: 2))
        let gamma = Tensor.normal([channels], dtype: .float64, key: RandomKey(seed: 3))
        let beta = Tensor.normal([channels], dtype: .float64, key: RandomKey(seed: 4))
        let groups = channels % 4 == 0 ? 4 : 5
        func results(channelsFirst: Bool) -> [Tensor] {
          func normalized(_ p: [Tensor]) -> Tensor {
            let input = channelsFirst ? p[0].transposed(permutation: [0, 3, 1, 2]) : p[0]
            let y = input.groupNormalized(
              groups: groups, gamma: p[1], beta: p[2], channelsFirst: channelsFirst
            ).result
            return channelsFirst ? y.transposed(permutation: [0, 2, 3, 1]) : y
          }
          let points = [x, gamma, beta]
          return [normalized(points)] + gradients(at: points) { (normalized($0) * dy).sum() }
        }
        for (kernel, plain) in zip(results(channelsFirst: false), results(channelsFirst: true)) {
          let error = try (kernel - plain).abs().max().scalar(as: Double.self)
          #expect(error < 1e-10, "\(shape)")
        }
      }
    }
  }
}
