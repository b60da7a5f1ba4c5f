import ApusCore
import ApusTestSupport
import Testing

@Suite("tensors without elements on XLA", .needsPlugin) struct EmptyTensorTests {
  @Test("give what the reference executor gives", arguments: [DType.float32, .float64, .bfloat16])
  func empty(dtype: DType) throws {
    try expectAgreement {
      let x = Tensor.zeros([0, 3], dtype: dtype)
      let y = Tensor.ones([2, 3], dtype: dtype)
      let none = Tensor([Int32](), shape: [0])
      return [
        x, x + 1, x.exp(), x.sum(), x.sum(axes: [0]), x.product(axes: [0], keepingAxes: true),
        x.mean(axes: [0]), x.max(axes: [1]), x.argmax(axis: 1), x.cumulativeSum(axis: 0),
        x.sorted(axis: 0), x.reshaped(to: [3, 0]), x.transposed(permutation: [1, 0]),
        x.broadcast(to: [2, 0, 3]), x.padded(low: [1, 0], high: [1, 0], value: 7),
        concatenated([x, y, x]), y.sliced(axis: 0, 1..<1), x.flipped(axes: [0, 1]),
        y.gathered(none), y.gathered(none, axis: 1), y.scatteringAdd(x, at: none),
        none.oneHot(depth: 4, dtype: dtype), x.converted(to: .int32), x .> 0,
        x.where(x .> 0, else: x + 1),
        y.gatheredElements(Tensor([Int64](), shape: [0, 3]), axis: 0),
        y.scatteringAddElements(x, at: Tensor([Int64](), shape: [0, 3]), axis: 0), x.softmax(),
        x.layerNormalized(), Tensor.ones([2, 0], dtype: dtype).sum(axes: [1]),
      ] + gradients(at: [x, y]) { ($0[0].sum(axes: [0]) + $0[1].sum(axes: [0])).square().sum() }
    }
  }

  @Test("random numbers of none, and keys")
  func random() throws {
    let key = RandomKey(seed: 1)
    try expectAgreement {
      [Tensor.uniform([0], key: key), Tensor.randomIntegers([2, 0], in: 0..<9, key: key)]
    }
  }
}
