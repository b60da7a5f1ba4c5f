import ApusCore
import ApusTestSupport
import Testing

@Suite("bad input: functions of functions") struct BadInputGraphTests {
  private let x = BadInput.filled([2, 3])

  @Test("scan refuses bodies that do not fit")
  func scans() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for length in BadInput.sizes where length < 10 || length > 1 << 41 {
        bad.call("scan \(length)") { _ in
          let (carry, y) = scan(initial: [x], length: length) { c, _ in ([c[0] + 1], [c[0]]) }
          return carry + y
        }
        bad.call("scan over \(length)") { _ in
          scan(initial: [x], over: [x], length: length) { c, x in ([c[0] + x[0]], []) }.carry
        }
      }
      bad.call("no length") { _ in scan(initial: [x]) { c, _ in (c, []) }.carry }
      bad.call("fewer carries") { _ in
        scan(initial: [x, x], length: 2) { c, _ in ([c[0]], []) }.carry
      }
      bad.call("more carries") { _ in scan(initial: [x], length: 2) { c, _ in (c + c, []) }.carry }
      bad.call("no carries", named: false) { _ in scan(initial: [], over: [x]) { _, x in ([], x) }.y
      }
      bad.call("nothing", named: false) { _ in scan(initial: [], length: 3) { _, _ in ([], []) }.y }
      bad.call("another shape") { _ in
        scan(initial: [x], length: 2) { c, _ in ([c[0].sum()], []) }.carry
      }
      bad.call("another dtype") { _ in
        scan(initial: [x], length: 2) { c, _ in ([c[0].converted(to: .int32)], []) }.carry
      }
      for operand in BadInput.operands where operand.tensor.count < 1 << 20 {
        bad.call("scan", [operand]) {
          let (carry, y) = scan(initial: [$0[0]], over: [$0[0]]) { c, x in (c, x) }
          return carry + y
        }
        bad.call("lengths", [operand]) {
          scan(initial: [], over: [x, $0[0]]) { _, x in ([], x) }.y
        }
      }
      bad.call("a failed body", named: false) { _ in
        scan(initial: [x], length: 2) { _, _ in ([matmul(x, x)], [matmul(x, x)]) }.carry
      }
      #expect(bad.calls > 60 && bad.refusals > 20)
    }
  }

  @Test("gradients refuse points and values they cannot have")
  func derivatives() {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for operand in BadInput.operands {
        bad.call("gradient", [operand]) { [gradient(at: $0[0]) { $0 }] }
        bad.call("gradient of sum", [operand]) { [gradient(at: $0[0]) { ($0 * $0).sum() }] }
        bad.call("valueAndGradients", [operand]) {
          let (value, all) = valueAndGradients(at: [$0[0], $0[0]]) { $0[0].sum() + $0[1].sum() }
          return [value] + all
        }
        bad.call("hessian", [operand]) {
          hessianVectorProduct(at: [$0[0]], along: [x]) { ($0[0] * $0[0] * $0[0]).sum() }
        }
        bad.call("jacobian", [operand]) {
          let (values, all) = jacobianVectorProduct(at: [$0[0]], along: [x]) { [$0[0] * $0[0]] }
          return values + all
        }
        if operand.tensor.count < 10 {
          for step in BadInput.numbers {
            bad.attempt("numerical \(step) \(operand.name)") {
              _ = try numericalGradient(at: operand.tensor, step: step) { $0.sum() }
            }
          }
        }
      }
      bad.call("no points", named: false) { _ in [valueAndGradients(at: []) { _ in x.sum() }.value]
      }
      bad.call("directions") { _ in hessianVectorProduct(at: [x], along: []) { $0[0].sum() } }
      bad.call("no value") { _ in [valueAndGradients(at: [x]) { _ in Tensor.zeros([0]) }.value] }
      bad.call("a failed value", named: false) { _ in [gradient(at: x) { matmul($0, $0).sum() }] }
      bad.call("a constant", named: false) { _ in [gradient(at: x) { _ in Tensor(1) }] }
      #expect(bad.calls > 200 && bad.refusals > 100)
    }
  }

  @Test("a custom gradient of the wrong number or type fails, and nothing behind it runs")
  func customGradients() {
    TestExecutor.cpu.run {
      func slope(_ pullback: @escaping @Sendable ([Tensor]) -> [Tensor]) -> Tensor {
        gradient(at: x) { x in
          // Rules of the operations before it count on the types of their results.
          let y = withCustomGradient(
            [
              concatenated([x.sliced(axis: 1, 0..<2), x], axis: 1).transposed(permutation: [1, 0])
            ],
            function: { [$0[0] * 2] }, pullback: pullback)
          return y[0].sum()
        }
      }
      #expect(slope { [$0[0] * 2] }.error == nil)
      #expect(slope { _ in [] }.error?.reason == "the rule gave 0 gradients for 1 arguments")
      #expect(
        slope { [$0[0], $0[0]] }.error?.reason == "the rule gave 2 gradients for 1 arguments")
      #expect(
        slope { [$0[0].sum()] }.error?.reason
          == "the rule gave a gradient of type f32[] for f32[5, 2]")
      #expect(slope { [matmul($0[0], $0[0])] }.error?.operation == "matmul")
      #expect(withCustomGradient([x], function: { _ in [] }, pullback: { $0 }).isEmpty)
      let failed = withCustomGradient(
        [BadInput.failed.tensor], function: { $0 }, pullback: { $0 })
      #expect(failed[0].error == BadInput.failed.tensor.error)
    }
  }

  @Test("compiled functions throw the mistakes of their bodies and arguments")
  func compiled() throws {
    try TestExecutor.cpu.run {
      var bad = BadInput()
      let double = compile { x in x.map { $0 * 2 } }
      for operand in BadInput.operands where operand.tensor.count < 1 << 20 {
        bad.call("compiled", [operand], named: false) { x in
          do throws(TensorError) { return try double(x) } catch { return [Tensor(error: error)] }
        }
      }
      #expect(try double().isEmpty)
      let same = compile { [$0[0], $0[0], $0[0]] }
      #expect(try same(x).map { try $0.scalars() } == Array(repeating: try x.scalars(), count: 3))
      let none = compile { _ in [] }
      #expect(try none(x).isEmpty)
      let wrong = compile { [matmul($0[0], $0[0])] }
      #expect(throws: TensorError.self) { try wrong(x) }
      let vast = compile { [$0[0].broadcast(to: [1 << 40, 2, 3])] }
      #expect(throws: TensorError.self) { try vast(x) }
      nonisolated(unsafe) var kept: Tensor?
      let leak = compile { x in
        kept = x[0]
        return x
      }
      _ = try leak(x)
      let leaked = try #require(kept)
      #expect(throws: TensorError.self) { try (leaked + 1).scalars() }
      _ = leaked.description
      #expect(bad.calls > 20)
    }
  }

  @Test("a hundred thousand operations deep is evaluated, differentiated and released")
  func depth() throws {
    try TestExecutor.cpu.run {
      var y = Tensor([1.0, 2], dtype: .float64)
      for _ in 0..<100_000 { y = y.sin() }
      do {
        // Dropped without ever running.
        var z = y
        for _ in 0..<100_000 { z = -z }
      }
      let failed = (0..<100_000).reduce(matmul(x, x)) { z, _ in z + 1 }
      #expect(failed.error?.operation == "matmul")
      var chain = x
      for _ in 0..<3_000 { chain = chain * 1.0001 }
      _ = try chain.scalars()
      let slope = gradient(at: x) { x in (0..<3_000).reduce(x) { y, _ in y * 1.0001 }.sum() }
      _ = try slope.scalars()
    }
  }

  @Test("labels and indices out of range are thrown with their position")
  func dataErrors() throws {
    TestExecutor.cpu.run {
      let logits = BadInput.filled([2, 3])
      for label in [-1, 3, Int.max, Int.min] {
        let labels = Tensor([Int64(0), Int64(label)])
        for loss in [
          softmaxCrossEntropy(logits: logits, labels: labels), labels.oneHot(depth: 3),
        ] {
          let error = #expect(throws: TensorError.self) { try loss.scalars() }
          #expect(error.map { "\($0)".contains("\(label)") } == true, "\(label): \(error as Any)")
        }
        if label == -1 { continue }
        for picked in [
          logits.gathered(labels), logits.scatteringAdd(logits, at: labels),
          logits.gatheredElements(labels.reshaped(to: [2, 1]), axis: 1),
          logits.scatteringAddElements(
            BadInput.filled([2, 1]), at: labels.reshaped(to: [2, 1]), axis: 1),
        ] {
          let error = #expect(throws: TensorError.self) { try picked.scalars() }
          #expect(error.map { "\($0)".contains("\(label)") } == true, "\(label): \(error as Any)")
        }
      }
    }
  }
}
