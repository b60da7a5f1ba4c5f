import ApusCore
import CApusKernels

/// A batch norm with what follows it: `x, gamma, beta, [residual] → y, mean, variance`.
///
///     y = relu(batchNorm(x) + residual)      // the ReLU where it rectifies
///
/// Made by the planner alone, after differentiation.
struct FusedBatchNorm: KernelLowering {
  let epsilon: Double
  let rectifies: Bool
  var name: String { rectifies ? "batchNormRelu" : "batchNormSum" }
  var cpu: CPUKernel { .kernel }

  func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try BatchNorm(epsilon: epsilon).resultTypes(Array(operands.prefix(3)))
  }

  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    call.operands.map { _ in nil }
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let hasResidual = call.operands.count > 3
    builder.emitBatchNorm(
      name + (rectifies && hasResidual ? " sum" : ""), call, epsilon: epsilon,
      rectifies: rectifies)
  }
}

/// The gradient of a batch norm with what comes before it on the way back:
/// `x, gamma, mean, variance, dy₁, [dy₂], [beta or y] → dx, dgamma, dbeta, dz`.
///
///     dz = where(y > 0, dy₁ + dy₂, 0),   dx, dgamma, dbeta = batchNormGradient(…, dz)
///
/// Made by the planner alone, after differentiation.
struct FusedBatchNormGradient: KernelLowering {
  /// How the kernel knows where the result of the ReLU was positive.
  enum Mask: Hashable {
    /// There was no ReLU.
    case none
    /// From `x`, `beta` and the statistics.
    case recomputed
    /// From the result itself.
    case kept
  }

  let epsilon: Double
  let mask: Mask
  let addsFlows: Bool
  var name: String { mask == .none ? "batchNormSumGradient" : "batchNormReluGradient" }
  var cpu: CPUKernel { .kernel }

  func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try BatchNormGradient(epsilon: epsilon).resultTypes(Array(operands.prefix(5)))
      + [operands[0]]
  }

  func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    call.operands.map { _ in nil }
  }

  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError) {
    let more = addsFlows ? call.operands[5] : nil
    let last = call.operands.last
    builder.emitBatchNormGradient(
      name + (addsFlows && mask != .none ? " sum" : ""), call, epsilon: epsilon, more: more,
      beta: mask == .recomputed ? last : nil, y: mask == .kept ? last : nil)
  }
}
