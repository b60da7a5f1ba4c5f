import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

/// ReLU on the other side of maximum pooling, against plans that compute every operation on its own.
@Suite("order of ReLU and pooling") struct PoolingOrderTests {
  /// What is done with the first operand and a bias of its channels.
  enum Use: CaseIterable {
    case pooled, overlapping, keptToo, twice, unmasked

    func callAsFunction(_ p: [Tensor]) -> Tensor {
      let active = (p[0] + p[1]).relu()
      switch self {
      case .pooled: return active.maxPooled(window: [2, 2])
      case .overlapping: return active.maxPooled(window: [3], stride: [2], padding: .symmetric(1))
      case .keptToo: return active.maxPooled(window: [2, 2]) * active.mean()
      case .twice:
        let first = active.maxPooled(window: [2, 1])
        return (first + p[1]).relu().maxPooled(window: [1, 2], stride: [1])
      case .unmasked: return (p[0] + p[1]).maxPooled(window: [2, 2]).relu()
      }
    }
  }

  static let shapes: [Shape] = [[3, 6, 4, 1], [2, 5, 7, 3], [1, 9, 8, 7], [4, 4, 4, 17]]

  private func operands(_ shape: Shape) -> [Tensor] {
    [shape, Shape([shape[-1]])].enumerated().map { index, shape in
      Tensor.normal(shape, dtype: .float64, key: RandomKey(seed: 3 + index))
    }
  }

  private func results(_ use: Use, _ points: [Tensor], isolated: Bool = false) throws -> [[Double]]
  {
    try Debugging.$watchesNonFinite.withValue(isolated) {
      let weights = Tensor.iota(use(points).shape, axis: 1, dtype: .float64) + 1
      let all = [use(points)] + gradients(at: points) { (use($0) * weights).sum() }
      return try all.map { try $0.scalars(as: Double.self) }
    }
  }

  @Test("a turned plan gives what separate operations give", arguments: Use.allCases, [1, 2])
  func agrees(_ use: Use, threads: Int) throws {
    try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
      for shape in Self.shapes {
        let points = operands(shape)
        let turned = try results(use, points)
        let separate = try results(use, points, isolated: true)
        for (a, b) in zip(turned, separate) {
          expectClose(a, b, absolute: 1e-11, "\(use) \(shape)")
        }
      }
    }
  }

  @Test("ReLU, its slope and the gradient of a bias work on what is pooled")
  func sizes() throws {
    let types = operands([2, 8, 8, 16]).map(\.type)
    func kernels(_ use: Use) throws -> [String] {
      let found = try graph(
        of: { p in [use(p)] + gradients(at: p) { use($0).square().sum() } }, on: types)
      return try PlanLayout(found, CompileOptions(), CPUConfiguration()).nodes.map(\.label)
    }
    func isLargeRelu(_ label: String) -> Bool {
      label.contains("region 2048") && (label.contains("relu") || label.contains("where"))
    }
    let turned = try kernels(.pooled)
    #expect(!turned.contains(where: isLargeRelu), "\(turned)")
    #expect(!turned.contains { $0.contains("region 2048") && $0.contains("sum") }, "\(turned)")
    let kept = try kernels(.keptToo)
    #expect(kept.contains(where: isLargeRelu), "\(kept)")
  }

  @Test("NaN wins its window and lets nothing back; windows below zero neither")
  func notANumber() throws {
    try Executors.with(CPUExecutor()) {
      let x = Tensor([1.0, .nan, -1, -2, -3, 3, -4, -0.5], shape: [1, 2, 4, 1])
      let points = [x, Tensor([0.0])]
      let found = try results(.pooled, points)
      #expect(found[0][0].isNaN && found[0][1] == 0)
      #expect(found[1] == Array(repeating: 0, count: 8))
      #expect(found[2] == [0])
    }
  }
}
