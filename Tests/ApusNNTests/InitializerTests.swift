import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("initializers") struct InitializerTests {
  @Test("fans of dense, convolution, grouped, transposed and embedding weights")
  func fans() {
    #expect(Fans(weight: [30, 20]) == Fans(input: 20, output: 30))
    #expect(Fans(weight: [16, 3, 5, 5]) == Fans(input: 75, output: 400))
    #expect(Fans(weight: [16, 3, 7]) == Fans(input: 21, output: 112))
    #expect(Fans(weight: [8, 4, 2, 3, 3]) == Fans(input: 72, output: 144))
    // 12 channels to 24 in 4 groups.
    #expect(Fans(weight: [24, 3, 3, 3]) == Fans(input: 27, output: 216))
    #expect(Fans(weight: [1000, 64]) == Fans(input: 64, output: 1000))
    #expect(Fans(weight: [7]) == Fans(input: 7, output: 7))
    #expect(Fans(weight: []) == Fans(input: 1, output: 1))
    #expect(Fans(weight: [0, 0]) == Fans(input: 1, output: 1))
    // From 6 channels to 10: every output sums over 6·9 values, whatever the layout.
    #expect(Fans.transposedConvolution([6, 10, 3, 3]) == Fans(input: 54, output: 90))
    #expect(Fans.transposedConvolution([6, 10, 3, 3]) == Fans(weight: [10, 6, 3, 3]))
    // 12 channels to 24 in 4 groups, as the grouped convolution above.
    #expect(
      Fans.transposedConvolution([12, 6, 3, 3], groups: 4) == Fans(weight: [24, 3, 3, 3]))
    #expect(Fans.transposedConvolution([.max, .max, .max], groups: .min).input.isFinite)
  }

  /// A layer whose weight is laid out with inputs first.
  private final class Turned: Layer {
    let weight = Parameter(.heNormal)
    func build(for x: TensorType) throws(Violation) {
      let shape: Shape = [x[-1], 400]
      try weight.allocate(x.dtype, shape, fans: .transposedConvolution(shape))
    }
    func forward(_ x: Tensor, _ context: Context) -> Tensor { matmul(x, weight.value) }
  }

  @Test("a layer that states its fans has values of their variance")
  func stated() throws {
    try TestExecutor.cpu.run {
      let layer = Turned()
      try layer.build(TensorType(.float64, [1, 50]), seed: 2)
      checkDistribution(
        try layer.weight.value.scalars(as: Double.self), .normal((2.0 / 50).squareRoot()))
    }
  }

  @Test("matrices of any shape are orthogonal, and all of them equally likely")
  func orthogonal() throws {
    try TestExecutor.cpu.run {
      for shape in [
        [1, 1], [1, 9], [9, 1], [17, 17], [40, 13], [13, 40], [8, 3, 3, 3], [30, 2, 3],
      ]
        as [Shape]
      {
        try checkOrthogonal(shape, gain: 1)
        try checkOrthogonal(shape, gain: 2.5)
      }
      try checkOrthogonal([160, 128], gain: 1)
      // Rotations of the plane by equally likely angles, half of them mirrored.
      var angles: [Double] = []
      var mirrored = 0
      for seed in 0..<600 {
        let type = TensorType(.float64, [2, 2])
        let m = try Initializer.orthogonal().values(type, seed: UInt64(seed), path: "w")
          .scalars(as: Double.self)
        angles.append(atan2(m[1], m[0]))
        if m[0] * m[3] - m[1] * m[2] < 0 { mirrored += 1 }
      }
      checkDistribution(angles, .uniform(-Double.pi...Double.pi))
      #expect(abs(mirrored - 300) < 50)
    }
  }

  @Test("identity and dirac weights hand values through")
  func identity() throws {
    try TestExecutor.cpu.run {
      try expectClose(
        Initializer.identity(gain: 3).values(TensorType(.float32, [2, 3]), seed: 0, path: ""),
        [3, 0, 0, 0, 3, 0])
      let x = Tensor.normal([2, 6, 7, 4], dtype: .float64, key: RandomKey(seed: 1))
      let dirac = Initializer.dirac().values(TensorType(.float64, [4, 4, 3, 3]), seed: 0, path: "")
      let y = convolution(x, dirac, padding: .same)
      try expectClose(y, x.scalars(as: Double.self), shape: x.shape)
      // Two groups of two channels each; the third output of a group has no input.
      let type = TensorType(.float64, [6, 2, 1, 1])
      let grouped = Initializer.dirac(groups: 2).values(type, seed: 0, path: "")
      let z = convolution(x, grouped, groups: 2)
      let kept = concatenated(
        [z.sliced(axis: 3, 0..<2), z.sliced(axis: 3, 3..<5)], axis: 3)
      try expectClose(kept, x.scalars(as: Double.self))
      #expect(try z.sliced(axis: 3, 2..<3).abs().max().scalar(as: Double.self) == 0)
    }
  }

  @Test("sparse matrices have the share of zeros in every column")
  func sparse() throws {
    try TestExecutor.cpu.run {
      let type = TensorType(.float64, [25, 40])
      let values = Initializer.sparse(share: 0.33, deviation: 2).values(type, seed: 5, path: "w")
      let zeros = (values .== 0).converted(to: .float64).sum(axes: [0])
      try expectClose(zeros, Array(repeating: 9, count: 40))
      let kept = try values.scalars(as: Double.self).filter { $0 != 0 }
      checkDistribution(kept, .normal(2))
      // Columns do not have their zeros at the same places.
      let perRow = try (values .== 0).converted(to: .float64).sum(axes: [1]).scalars(
        as: Double.self)
      #expect((perRow.max() ?? 40) < 30 && (perRow.min() ?? 0) > 3)
    }
  }

  @Test("settings and types that do not fit are refused with both")
  func refusals() {
    let cases: [(Initializer, Shape, String)] = [
      (.orthogonal(), [3], "orthogonal(gain: 1.0): needs rank 2 or more, not 1"),
      (
        .orthogonal(), [1 << 14, 1 << 14],
        "orthogonal(gain: 1.0): 16384×16384 is too large: the smaller side may be 8192"
      ),
      (.dirac(groups: 3), [4, 2, 3, 3], "dirac(groups: 3): 3 groups do not divide 4 outputs"),
      (.sparse(share: 2), [2, 2], "sparse(2.0, σ: 0.01): the share 2.0 is not from 0 to 1"),
      (.normal(deviation: -1), [2], "normal(σ: -1.0): -1.0 is not a finite number from 0"),
    ]
    for (initializer, shape, reason) in cases {
      let error = initializer.values(TensorType(.float32, shape), seed: 0, path: "").error
      #expect(error?.reason == reason)
      #expect(error?.operation == "initializer")
    }
  }
}
