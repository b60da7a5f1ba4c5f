import Apus
import Testing

/// The examples of the article on differentiation.
@Suite("article: differentiation") struct DifferentiationArticle {
  @Test("derivatives of every kind, and checks of them")
  func derivatives() throws {
    let x = Tensor([0.5, -1, 2, 0.25], shape: [2, 2])
    let (w, v) = (
      Tensor([0.1, 0.2, -0.3, 0.4], shape: [2, 2]), Tensor([1.0, 0, 0, 1], shape: [2, 2])
    )
    let (b, u, square) = (Tensor([0.5, 1.5]), Tensor.ones([2, 2], dtype: .float64), w)

    let slope = gradient(at: Tensor(3)) { x in x * x }  // 6
    let (value, slopes) = valueAndGradients(at: [w, b]) { p in
      (matmul(x, p[0]) + p[1]).tanh().sum()
    }
    #expect(try slope.scalar() == 6)
    #expect(value.shape == [] && slopes.map(\.shape) == [[2, 2], [2]])

    let third = gradient(at: Tensor(2)) { x in
      gradient(at: x) { x in gradient(at: x) { x in x * x * x * x } }
    }  // 24x = 48
    #expect(try third.scalar() == 48)

    let rounded = withCustomGradient([b]) {
      [$0[0].rounded()]
    } pullback: {
      [$0[0]]  // straight through
    }[0]
    #expect(try rounded.scalars() == [0, 2])

    let f: ([Tensor]) -> [Tensor] = { [matmul(x, $0[0]).tanh()] }
    let forward = jacobianVectorProduct(at: [w], along: [v], of: f).derivatives[0]  // J·v
    let backward = vectorJacobianProduct(at: [w], weights: [u], of: f).gradients[0]  // Jᵀ·u
    let curvature = hessianVectorProduct(at: [w], along: [v]) { f($0)[0].square().sum() }  // H·v
    let (left, right) = ((forward * u).sum(), (backward * v).sum())
    #expect(abs(try left.scalar(as: Double.self) - right.scalar(as: Double.self)) < 1e-12)
    #expect(curvature[0].shape == [2, 2])

    let rotation = jacobian(at: b) { p in concatenated([p[0..<1].sin(), p[1..<2].cos()]) }
    let bowl = hessian(at: b) { p in (p * p).sum() }  // 2·I
    #expect(rotation.shape == [2, 2])
    #expect(try bowl.nested(as: [[Double]].self) == [[2, 0], [0, 2]])

    let numerical = try numericalGradient(at: b) { ($0 * $0).sum() }
    let check = try checkGradients(at: [w, b], names: ["w", "b"]) { p in
      (matmul(x, p[0]) + p[1]).sigmoid()
    }
    print(check)
    // gradients: 8 elements compared, agree
    //   worst: w[0, 1] derived …, numerical …
    #expect(check.passed && numerical.shape == [2])

    let y = checkpointed(x) { h in (0..<8).reduce(h) { h, _ in matmul(h, square).tanh() } }
    #expect(try y.scalars().count == 4)

    let computation = try graph(of: { [matmul($0[0], $0[1]).tanh()] }, on: [x.type, w.type])
    print(computation)  // one line per operation
    let drawing = computation.svg  // or .dot, for Graphviz
    #expect(drawing.hasPrefix("<svg"))
  }
}
