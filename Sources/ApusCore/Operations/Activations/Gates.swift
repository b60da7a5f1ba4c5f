extension Tensor {
  /// Returns the first half of an axis times a function of the second half.
  ///
  ///     y = a · gate(b),   x = [a, b]
  /// - Shape: `x[…, 2n, …] → y[…, n, …]`.
  /// - Parameter gate: The sigmoid (GLU) unless given; SiLU makes the SwiGLU, GELU the GEGLU.
  /// - Source: Dauphin et al. 2016; Shazeer 2020, "GLU variants improve transformer".
  public func gated(
    axis: Int = -1, file: String = #fileID, line: Int = #line,
    by gate: (Tensor) -> Tensor = { $0.sigmoid() }
  ) -> Tensor {
    attempt("glu", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      let place = try shape.normalized(axis: axis)
      let extent = shape.dims[place]
      try require(extent % 2 == 0, "axis \(axis) with extent \(extent) has no two equal halves")
      let value = sliced(axis: place, 0..<(extent / 2))
      return value * gate(sliced(axis: place, (extent / 2)..<extent))
    }
  }
}
