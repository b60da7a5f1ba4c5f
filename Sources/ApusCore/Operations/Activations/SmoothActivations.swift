extension UnaryOperation {
  /// Left of -750 nothing is left, not even infinity times zero.
  static let silu = UnaryOperation(
    "silu", stableHLO: .formula { maximum($0, Tensor(-750, like: $0)) * $0.sigmoid() }
  ) { x, y, dy in
    let s = x.sigmoid()
    return dy * (s + y * (1 - s))
  }
}

extension Tensor {
  /// Returns `x·sigmoid(x)`, the sigmoid linear unit or swish.
  ///
  /// - Source: Elfwing, Uchibe and Doya 2017; Ramachandran, Zoph and Le 2017.
  public func silu(file: String = #fileID, line: Int = #line) -> Tensor {
    unary(.silu, file, line)
  }

  /// Returns `x·tanh(softplus(x))`.
  ///
  /// - Source: Misra 2019, "Mish".
  public func mish(file: String = #fileID, line: Int = #line) -> Tensor {
    self * softplus(file: file, line: line).tanh(file: file, line: line)
  }

  /// Returns `x` where positive and `alpha·(eˣ − 1)` elsewhere; the gradient at 0 is `alpha`.
  ///
  /// - Source: Clevert, Unterthiner and Hochreiter 2015.
  public func elu(alpha: Double = 1, file: String = #fileID, line: Int = #line) -> Tensor {
    activated("elu", file, line, alpha) { x in
      let positive = x .> 0
      // Large elements must not overflow in the branch that is not taken.
      let rest = Tensor(0, like: x).where(positive, else: x)
      return x.where(positive, else: alpha * rest.expm1())
    }
  }

  /// Returns the ELU scaled so that deep networks keep mean 0 and variance 1.
  ///
  /// - Source: Klambauer et al. 2017, equation 2.
  public func selu(file: String = #fileID, line: Int = #line) -> Tensor {
    1.0507009873554805 * elu(alpha: 1.6732632423543772, file: file, line: line)
  }

  /// Returns `x / (1 + |x|)`.
  public func softsign(file: String = #fileID, line: Int = #line) -> Tensor {
    self / (1 + abs(file: file, line: line))
  }

  /// Returns `log(sigmoid(x)) = −softplus(−x)`.
  public func logSigmoid(file: String = #fileID, line: Int = #line) -> Tensor {
    activated("logSigmoid", file, line) { x in -(-x).softplus() }
  }

  /// Returns `log(1 + e^(beta·x)) / beta`, nearer to the ReLU the larger `beta` is.
  ///
  /// - Source: Dugas et al. 2000.
  public func softplus(
    beta: Double, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    attempt("softplus", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(beta > 0, "beta \(beta) is not a positive number")
      return activated("softplus", file, line, beta) { x in (x * beta).softplus() / beta }
    }
  }

  /// Returns `x` where positive and `alpha·(e^(x/alpha) − 1)` elsewhere, whose slope has no jump.
  ///
  /// - Source: Barron 2017, "Continuously differentiable exponential linear units".
  public func celu(alpha: Double = 1, file: String = #fileID, line: Int = #line) -> Tensor {
    attempt("celu", [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(alpha != 0, "alpha is 0")
      return activated("celu", file, line, alpha) { x in
        let positive = x .> 0
        let rest = Tensor(0, like: x).where(positive, else: x)
        return x.where(positive, else: alpha * (rest / alpha).expm1())
      }
    }
  }

  /// Runs a formula on a floating operand, or refuses it, or settings that are not finite, under the
  /// formula's name.
  func activated(
    _ name: String, _ file: String, _ line: Int, _ settings: Double...,
    formula: (Tensor) -> Tensor
  ) -> Tensor {
    attempt(name, [self], at: CallSite(file: file, line: line)) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      for setting in settings { try require(setting.isFinite, "\(setting) is not a finite number") }
      return formula(self)
    }
  }
}
