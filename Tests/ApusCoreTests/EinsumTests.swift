import ApusCore
import ApusTestSupport
import Testing

@Suite("einsum") struct EinsumTests {
  @Test("values and gradients agree with PyTorch")
  func values() throws {
    for golden in try goldens("linear", op: "einsum") {
      try checkGolden(golden) { [einsum(golden.word("equation"), $0)] }
    }
  }

  @Test(
    "gradient agrees with central differences at both orders",
    arguments: [
      ("ij,jk->ik", [[2, 3], [3, 4]]), ("ii->i", [[3, 3]]),
      ("bij,bkj->bik", [[2, 3, 4], [2, 2, 4]]),
      ("ij,jk,kl->il", [[2, 3], [3, 2], [2, 2]]), ("...i,i->...", [[2, 3, 4], [4]]),
      ("iij,ij->j", [[2, 2, 3], [2, 3]]),
    ])
  func gradient(_ equation: String, _ shapes: [[Int]]) throws {
    try expectGradient(of: shapes, seed: 11) { einsum(equation, $0) }
  }

  @Test("ellipsis axes broadcast, and stand first in an implicit result")
  func ellipsis() throws {
    let a = Tensor((0..<6).map { Double($0) }, shape: [2, 1, 3])
    let b = Tensor((0..<12).map { Double($0) }, shape: [4, 3])
    try onExecutors {
      let y = einsum("...k,...k->...", a, b)
      let trace = einsum("ii", Tensor([1.0, 2, 3, 4], shape: [2, 2]))
      let expected = try (a * b).sum(axes: [-1]).scalars(as: Double.self)
      try expectClose(y, expected, shape: [2, 4])
      try expectClose(trace, [5], shape: [])
    }
    #expect(einsum("ba,...b", Tensor.zeros([2, 3]), Tensor.zeros([5, 2])).shape == [5, 3])
  }

  @Test("refusals name the letter, the operand and the numbers")
  func refusals() {
    let (a, b) = (standIn(.float32, [2, 3]), standIn(.float32, [4, 5]))
    expectRefusal(
      einsum("ij,jk->ik", a, b, file: "App/Model.swift", line: 4),
      """
      einsum: letter 'j' has extent 3 in operand 0 and 4 in operand 1
        a: f32[2, 3]
        b: f32[4, 5]
        called at App/Model.swift:4
      """)
    func reason(_ equation: String, _ operands: Tensor...) -> String? {
      einsum(equation, operands).error?.reason
    }
    #expect(reason("ij->ij", a, b) == "'ij->ij' names 1 operands, 2 are given")
    #expect(reason("ijk->i", a) == "'ijk' names 3 axes, operand 0 has 2")
    #expect(reason("ij->ik", a) == "letter 'k' of the result is in no operand")
    #expect(reason("ij->ii", a) == "letter 'i' is twice in the result")
    #expect(reason("i1->i", a) == "'1' is not a letter")
    #expect(reason("i...jk->i", a) == "'i...jk' names 3 axes, operand 0 has 2")
    #expect(
      reason("ij,ij->ij", a, standIn(.float64, [2, 3]))
        == "dtypes differ: operand 0 is f32, operand 1 is f64")
    #expect(
      reason("...,...->...", a, b)
        == "axis -2 of '...' has extent 2 in operand 0 and 4 in operand 1")
  }
}
