import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@Suite("max pool kernels") struct MaxPoolKernelTests {
  /// Values with ties, infinities and, where wanted, NaN.
  private func draw(_ shape: Shape, nans: Bool, _ random: inout SplitMix) -> Tensor {
    let values = (0..<shape.count).map { _ -> Double in
      switch Int.random(in: 0..<12, using: &random) {
      case 0: -.infinity
      case 1: nans ? .nan : .infinity
      default: Double(Int.random(in: -3...3, using: &random))
      }
    }
    return Tensor(values, shape: shape)
  }

  @Test("windows apart, in gaps or overlapping agree with the reference", arguments: [1, 3])
  func windows(threads: Int) throws {
    var random = SplitMix(state: 21)
    for round in 0..<60 {
      let rank = Int.random(in: 1...3, using: &random)
      let window = (0..<rank).map { _ in Int.random(in: 1...3, using: &random) }
      let stride = window.map { round % 3 == 0 ? Int.random(in: 1...4, using: &random) : $0 }
      let extents = window.map { $0 + Int.random(in: 0...(rank == 3 ? 4 : 9), using: &random) }
      let channels = Int.random(in: 1...(round % 2 == 0 ? 9 : 35), using: &random)
      let x = draw(Shape([2] + extents + [channels]), nans: round % 4 == 0, &random)
      func results(_ dtype: DType) throws -> [Tensor] {
        let input = x.converted(to: dtype)
        func pooled(_ p: Tensor) -> Tensor { p.maxPooled(window: window, stride: stride) }
        let y = pooled(input)
        let slope = Tensor((1...max(1, y.shape.count)).map(Double.init), shape: y.shape)
          .converted(to: dtype)
        let all = [y] + gradients(at: [input]) { (pooled($0[0]) * slope).sum() }
        try eval(all)
        return all
      }
      let expected = try TestExecutor.reference.run { try results(.float64) }
      for dtype in [DType.float32, .float64] {
        let found = try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
          try results(dtype)
        }
        for (a, b) in zip(found, expected) {
          try expectClose(
            a, try b.scalars(as: Double.self), shape: b.shape,
            "\(dtype) \(x.shape) window \(window) stride \(stride)")
        }
      }
    }
  }
}
