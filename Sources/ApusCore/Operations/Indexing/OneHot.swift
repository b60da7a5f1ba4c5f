extension Tensor {
  /// Returns rows of zeros with a one at the place each label names.
  ///
  ///     y[i…, k] = 1 where k = labels[i…], else 0
  ///
  /// - Shape: `labels[I…] → y[I…, depth]`; `int32` or `int64` labels. Evaluation throws for a label
  ///   outside `0..<depth`.
  public func oneHot(
    depth: Int, dtype: DType = .float32, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("oneHot", [self], at: site) { () throws(Violation) in
      try requireIndexDType(self.dtype)
      try require(depth > 0, "depth \(depth) is not positive")
      let kind: DType = dtype == .bool || dtype == .uint8 ? .int32 : dtype
      let base = Tensor.zeros(Shape(shape.dims + [depth]), dtype: kind)
      let ones = Tensor.ones(Shape(shape.dims + [1]), dtype: kind)
      // A label is not a position: -1 must not mean the last class.
      let places = self.where(self .>= 0, else: self - Double(depth)).expanded(at: -1)
      let rows = apply(ScatterAddElements(axis: rank), [base, places, ones], at: site)
      return rows.converted(to: dtype)
    }
  }
}
