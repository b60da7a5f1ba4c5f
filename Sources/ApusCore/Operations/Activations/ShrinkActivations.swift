extension Tensor {
  /// Returns `x` limited to `range`; no gradient flows at the ends and beyond.
  ///
  /// - Source: Collobert 2004, the hard hyperbolic tangent.
  public func hardTanh(
    _ range: ClosedRange<Double> = -1...1, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    activated("hardTanh", file, line, range.lowerBound, range.upperBound) { x in
      let low = Tensor(range.lowerBound, like: x).where(x .<= range.lowerBound, else: x)
      return Tensor(range.upperBound, like: x).where(x .>= range.upperBound, else: low)
    }
  }

  /// Returns `x` where it is above `limit` and `value` elsewhere.
  ///
  /// - Source: PyTorch, `torch.nn.Threshold`.
  public func thresholded(
    above limit: Double, else value: Double = 0, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    activated("threshold", file, line, limit, value) { x in
      x.where(x .> limit, else: Tensor(value, like: x))
    }
  }

  /// Returns `x` where `|x|` is above `limit` and 0 elsewhere.
  ///
  /// - Source: Donoho and Johnstone 1994, hard thresholding.
  public func hardShrink(
    _ limit: Double = 0.5, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    activated("hardShrink", file, line, limit) { x in
      x.where(x.abs() .> limit, else: Tensor(0, like: x))
    }
  }

  /// Returns `x` brought nearer to 0 by `limit`, and 0 where `|x|` is below it.
  ///
  /// - Source: Donoho and Johnstone 1994, soft thresholding.
  public func softShrink(
    _ limit: Double = 0.5, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("softShrink", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(limit >= 0, "limit \(limit) is not a number from 0")
      return activated("softShrink", file, line, limit) { x in
        let below = (x + limit).where(x .< -limit, else: Tensor(0, like: x))
        return (x - limit).where(x .> limit, else: below)
      }
    }
  }

  /// Returns `x − tanh(x)`.
  ///
  /// - Source: PyTorch, `torch.nn.Tanhshrink`.
  public func tanhShrink(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("tanhShrink", file, line) { x in x - x.tanh() }
  }
}
