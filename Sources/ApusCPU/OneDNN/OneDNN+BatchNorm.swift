import CApusDynamic

/// `y = gamma · (x - mean) / √(variance + epsilon) + beta` per channel of
/// `x[batch, spatial…, channels]`, contiguous.
///
/// `gamma`, `beta`, `mean`, `variance` and their gradients are 32-bit floats whatever the element
/// type. The variance of a training batch divides by the count (not the count minus 1).
struct BatchNormProblem: Hashable, Sendable {
  var element: OneDNN.Element
  var batch: Int
  /// Product of the spatial sizes; 1 without spatial axes.
  var spatial: Int
  var channels: Int
  var epsilon: Float
  var threads: Int
}

enum BatchNormPass: Hashable, Sendable {
  case inference, training, backward

  fileprivate var code: apus_onednn_pass {
    switch self {
    case .inference: apus_onednn_inference
    case .training: apus_onednn_training
    case .backward: apus_onednn_input_gradient
    }
  }
}

extension OneDNN {
  /// Returns the kernel for one pass of batch normalization, or nil where the planner should use
  /// its own.
  ///
  /// Buffers, by pass:
  /// - inference: `x, gamma, beta, mean, variance, y, scratch`
  /// - training: `x, gamma, beta, y, mean, variance, scratch`
  /// - backward: `x, mean, variance, dy, gamma, dx, dgamma, dbeta, scratch`
  static func batchNorm(_ problem: BatchNormProblem, pass: BatchNormPass) -> OneDNNKernel? {
    guard isAvailable, problem.batch > 0, problem.spatial > 0, problem.channels > 0 else {
      return nil
    }
    return OneDNNKernel(
      apus_onednn_create_batch_norm(
        problem.element.code, Int32(clamping: problem.threads), Int64(problem.batch),
        Int64(problem.spatial), Int64(problem.channels), problem.epsilon, pass.code))
  }
}
