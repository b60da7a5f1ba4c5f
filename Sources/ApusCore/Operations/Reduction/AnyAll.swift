extension Tensor {
  /// Returns whether some element over axes (all by default) is true; false over no elements.
  ///
  /// - Shape: `x[…] → y` without the axes; dtype `bool` in and out.
  public func any(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    quantified("any", .maximum, axes, keepingAxes, CallSite(file: file, line: line))
  }

  /// Returns whether all elements over axes (all by default) are true; true over no elements.
  ///
  /// - Shape: `x[…] → y` without the axes; dtype `bool` in and out.
  public func all(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    quantified("all", .minimum, axes, keepingAxes, CallSite(file: file, line: line))
  }

  private func quantified(
    _ name: String, _ kind: Reduce.Kind, _ axes: [Int]?, _ keepingAxes: Bool, _ site: CallSite
  ) -> Tensor {
    attempt(name, [self], at: site) { () throws(Violation) in
      try require(dtype == .bool, "needs dtype bool, not \(dtype)")
      let axes = try shape.normalized(axes: axes)
      let numbers = converted(to: .int32)
      if axes.contains(where: { shape.dims[$0] == 0 }) {
        let none = numbers.reduced(.sum, axes, keepingAxes, site)
        return kind == .maximum ? none .!= 0 : none .== 0
      }
      return numbers.reduced(kind, axes, keepingAxes, site) .!= 0
    }
  }
}
