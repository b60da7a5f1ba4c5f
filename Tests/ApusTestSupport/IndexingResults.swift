import ApusCore

/// Small whole numbers with ties, exact in every dtype.
package func wholeNumbers(_ shape: Shape, _ dtype: DType, seed: UInt64) -> Tensor {
  var random = SplitMix(state: seed)
  let values = (0..<shape.count).map { _ in Double.random(in: 0..<7, using: &random).rounded() }
  return Tensor(values, shape: shape, dtype: dtype)
}

/// What indexing and sorting give for numbers of a dtype, in two axes or more.
package func indexingResults(_ shape: Shape, _ dtype: DType) -> [Tensor] {
  let x = wholeNumbers(shape, dtype, seed: 1)
  let whole = wholeNumbers([4], .int64, seed: 2) - 3
  let single = (wholeNumbers(shape, .int32, seed: 3)) - 3
  var results = [
    x.gathered(whole, axis: 1), x.gatheredElements(single, axis: 1),
    x.gatheredElements(single, axis: 0),
  ]
  if dtype.isNumeric {
    results += [
      x.argmax(axis: 1), x.argmin(axis: 0, dtype: .int64), x.sorted(axis: 1),
      x.argsorted(axis: 0, descending: true), x.topK(3, axis: 1).indices,
    ]
  }
  if dtype.isNumeric && dtype != .uint8 {
    results += [
      x.cumulativeSum(axis: 1), x.cumulativeSum(axis: 0, exclusive: true, reversed: true),
      x.scatteringAdd(x.gathered(whole, axis: 1), at: whole, axis: 1),
      x.scatteringAddElements(x, at: single, axis: 1),
      (x * 0).scatteringAddElements(x, at: single, axis: 0),
    ]
  }
  return results
}
