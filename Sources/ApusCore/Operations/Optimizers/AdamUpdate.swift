/// One step of Adam or AdamW, on parameter, gradient, both moments and scalars
/// `[rate, correction1, correction2, gradientScale]`; gives the parameter and the moments.
///
///     g ← gradientScale·g             (+ weightDecay·p unless decoupled)
///     m ← beta1·m + (1 − beta1)·g
///     v ← beta2·v + (1 − beta2)·g²
///     p ← p − rate·(m / correction1) / (√(v / correction2) + epsilon)
///                                     (− rate·weightDecay·p when decoupled)
///
/// - Source: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
package struct AdamUpdate: Composite {
  package let beta1: Double
  package let beta2: Double
  package let epsilon: Double
  package let weightDecay: Double
  /// Whether decay acts on the parameter (AdamW) instead of through the gradient.
  package let isDecoupled: Bool
  package var name: String { "adamUpdate" }
  package var attributes: String {
    "beta1: \(beta1), beta2: \(beta2), epsilon: \(epsilon), weightDecay: \(weightDecay), "
      + "decoupled: \(isDecoupled)"
  }
  package var operandNames: [String] {
    ["parameter", "gradient", "firstMoment", "secondMoment", "scalars"]
  }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try checkUpdate(operands, names: operandNames, scalars: 4)
    try requireSettings([
      ("beta1", beta1), ("beta2", beta2), ("epsilon", epsilon), ("weightDecay", weightDecay),
    ])
    return [operands[0], operands[0], operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (p, scalars) = (operands[0], operands[4])
    let (rate, correction1, correction2) = (scalars[0], scalars[1], scalars[2])
    var g = operands[1] * scalars[3]
    if weightDecay != 0, !isDecoupled { g = g + weightDecay * p }
    let m = beta1 * operands[2] + (1 - beta1) * g
    let v = beta2 * operands[3] + (1 - beta2) * g * g
    let denominator = (v / correction2).sqrt() + epsilon
    let step = rate / correction1 * m / denominator
    let decayed = weightDecay != 0 && isDecoupled ? p - rate * weightDecay * p : p
    return [decayed - step, m, v]
  }
}

/// Returns a parameter and its moments after one step of Adam, or of AdamW when decay is decoupled.
///
///     g ← gradientScale·g             (+ weightDecay·p unless decoupled)
///     m ← beta1·m + (1 − beta1)·g
///     v ← beta2·v + (1 − beta2)·g²
///     p ← p − rate·(m / correction1) / (√(v / correction2) + epsilon)
///                                     (− rate·weightDecay·p when decoupled)
/// - Parameters:
///   - scalars: `[rate, correction1, correction2, gradientScale]` in the parameter's dtype, made once
///     per step by ``stacked(_:axis:file:line:)``; in step t the corrections are `1 − beta1ᵗ` and
///     `1 − beta2ᵗ`.
/// - Source: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
public func adamUpdate(
  _ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor,
  scalars: Tensor, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
  weightDecay: Double = 0, decoupled: Bool = true, file: String = #fileID, line: Int = #line
) -> (parameter: Tensor, firstMoment: Tensor, secondMoment: Tensor) {
  let operation = AdamUpdate(
    beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, isDecoupled: decoupled)
  let results = record(
    operation, [parameter, gradient, firstMoment, secondMoment, scalars], results: 3,
    at: CallSite(file: file, line: line))
  return (results[0], results[1], results[2])
}
