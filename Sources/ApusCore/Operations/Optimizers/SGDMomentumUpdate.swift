/// One step of gradient descent with momentum, on parameter, gradient, velocity and scalars
/// `[rate, gradientScale]`; gives the parameter and the velocity.
///
///     g ← gradientScale·g + weightDecay·p
///     v ← momentum·v + g
///     p ← p − rate·v          (nesterov: p − rate·(g + momentum·v))
///
/// - Source: Sutskever et al. 2013; the formulas of PyTorch's `SGD` without dampening.
package struct SGDMomentumUpdate: Composite {
  package let momentum: Double
  package let nesterov: Bool
  package let weightDecay: Double
  package var name: String { "sgdMomentumUpdate" }
  package var attributes: String {
    "momentum: \(momentum), nesterov: \(nesterov), weightDecay: \(weightDecay)"
  }
  package var operandNames: [String] { ["parameter", "gradient", "velocity", "scalars"] }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try checkUpdate(operands, names: operandNames, scalars: 2)
    try requireSettings([("momentum", momentum), ("weightDecay", weightDecay)])
    return [operands[0], operands[0]]
  }

  package func decomposition(_ operands: [Tensor]) -> [Tensor] {
    let (p, v) = (operands[0], operands[2])
    let (rate, scale) = (operands[3][0], operands[3][1])
    var g = operands[1] * scale
    if weightDecay != 0 { g = g + weightDecay * p }
    let velocity = momentum * v + g
    let direction = nesterov ? g + momentum * velocity : velocity
    return [p - rate * direction, velocity]
  }
}

/// Returns a parameter and its velocity after one step of gradient descent with momentum.
///
///     g ← gradientScale·g + weightDecay·p
///     v ← momentum·v + g
///     p ← p − rate·v          (nesterov: p − rate·(g + momentum·v))
/// - Parameters:
///   - scalars: `[rate, gradientScale]` in the parameter's dtype, made once per step by
///     ``stacked(_:axis:file:line:)``.
/// - Source: Sutskever et al. 2013; the formulas of PyTorch's `SGD` without dampening.
public func sgdMomentumUpdate(
  _ parameter: Tensor, gradient: Tensor, velocity: Tensor, scalars: Tensor, momentum: Double,
  nesterov: Bool = false, weightDecay: Double = 0, file: String = #fileID, line: Int = #line
) -> (parameter: Tensor, velocity: Tensor) {
  let operation = SGDMomentumUpdate(
    momentum: momentum, nesterov: nesterov, weightDecay: weightDecay)
  let results = record(
    operation, [parameter, gradient, velocity, scalars], results: 2,
    at: CallSite(file: file, line: line))
  return (results[0], results[1])
}

/// Refuses settings of an update that are not finite numbers from 0.
func requireSettings(_ settings: [(name: String, value: Double)]) throws(Violation) {
  for (name, value) in settings {
    try require(value >= 0 && value.isFinite, "\(name) \(value) is not a finite number from 0")
  }
}

/// Checks that gradient and state have the parameter's type, and the number of scalars.
func checkUpdate(
  _ operands: [TensorType], names: [String], scalars: Int
) throws(Violation) {
  let p = operands[0]
  try require(p.dtype.isFloating, "needs a floating dtype, not \(p.dtype)")
  for (name, operand) in zip(names, operands).dropFirst().dropLast() {
    try require(operand == p, "\(name) must be \(p), not \(operand)")
  }
  let expected = TensorType(p.dtype, [scalars])
  let given = operands[operands.count - 1]
  try require(given == expected, "scalars must be \(expected), not \(given)")
}
