extension Tensor {
  /// Returns `x` where positive and `slope·x` elsewhere; the gradient at 0 is `slope`.
  ///
  /// - Source: Maas, Hannun and Ng 2013.
  public func leakyRelu(
    slope: Double = 0.01, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    activated("leakyRelu", file, line, slope) { x in x.where(x .> 0, else: slope * x) }
  }

  /// Returns `min(max(x, 0), 6)`; the gradient is 0 at both corners.
  ///
  /// - Source: Howard et al. 2017, "MobileNets".
  public func relu6(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("relu6", file, line) { x in
      Tensor(6, like: x).where(x .>= 6, else: x.relu())
    }
  }

  /// Returns `relu6(x + 3) / 6`, straight lines in place of the sigmoid.
  ///
  /// - Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
  public func hardSigmoid(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("hardSigmoid", file, line) { x in (x + 3).relu6() / 6 }
  }

  /// Returns `x·hardSigmoid(x)`.
  ///
  /// - Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
  public func hardSwish(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("hardSwish", file, line) { x in x * x.hardSigmoid() }
  }

  /// Returns 1 where `x` is positive and 0 elsewhere; no gradient flows.
  ///
  /// - Source: Rosenblatt 1958, the unit of the perceptron.
  public func step(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("step", file, line) { x in (x .> 0).converted(to: x.dtype) }
  }
}
