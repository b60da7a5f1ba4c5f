import CApusDynamic

/// `x[batch, spatial…, channels] → y[batch, spatial…, channels]`, contiguous.
struct PoolingProblem: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case maximum
    /// The mean over the window; padding counts as zeros when included, else not at all.
    case average(includesPadding: Bool)

    fileprivate var code: apus_onednn_pooling_kind {
      switch self {
      case .maximum: apus_onednn_pooling_max
      case .average(includesPadding: true): apus_onednn_pooling_average_with_padding
      case .average(includesPadding: false): apus_onednn_pooling_average
      }
    }
  }

  var element: OneDNN.Element
  var kind: Kind
  var batch: Int
  var channels: Int
  var window: WindowGeometry
  var threads: Int
}

enum PoolingPass: Hashable, Sendable {
  case inference, training, inputGradient

  fileprivate var code: apus_onednn_pass {
    switch self {
    case .inference: apus_onednn_inference
    case .training: apus_onednn_training
    case .inputGradient: apus_onednn_input_gradient
    }
  }
}

extension OneDNN {
  /// Returns the kernel for one pass of pooling, or nil where the planner should use its own.
  ///
  /// Buffers, by pass; `workspace` has the kernel's `workspaceBytes` and exists for the maximum
  /// only:
  /// - inference: `x, y, scratch`
  /// - training: `x, y, [workspace,] scratch`
  /// - input gradient: `dy, [workspace,] dx, scratch`
  static func pooling(_ problem: PoolingProblem, pass: PoolingPass) -> OneDNNKernel? {
    guard isAvailable,
      var window = problem.window.native(
        element: problem.element, threads: problem.threads, batch: problem.batch, groups: 1,
        inChannels: problem.channels, outChannels: problem.channels)
    else { return nil }
    return OneDNNKernel(apus_onednn_create_pooling(&window, pass.code, problem.kind.code))
  }
}
