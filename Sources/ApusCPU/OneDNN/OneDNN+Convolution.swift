import CApusDynamic

/// `x[batch, spatial…, inChannels]`, `w[outChannels, inChannels / groups, kernel…]` →
/// `y[batch, spatial…, outChannels]`, all contiguous.
struct ConvolutionProblem: Hashable, Sendable {
  var element: OneDNN.Element
  var batch: Int
  var groups = 1
  var inChannels: Int
  var outChannels: Int
  var window: WindowGeometry
  /// A bias in the forward pass, its gradient in the weight gradient.
  var hasBias = false
  /// Applied in the forward pass only.
  var activation = OneDNN.Activation.linear
  var threads: Int
}

enum ConvolutionPass: Hashable, Sendable {
  case forward, inputGradient, weightGradient

  fileprivate var code: apus_onednn_pass {
    switch self {
    case .forward: apus_onednn_training
    case .inputGradient: apus_onednn_input_gradient
    case .weightGradient: apus_onednn_weight_gradient
    }
  }
}

extension OneDNN {
  /// Returns the kernel for one pass of a convolution, or nil where the planner should use its own.
  ///
  /// Buffers, by pass:
  /// - forward: `x, w, [bias,] y, scratch`
  /// - input gradient: `dy, w, dx, scratch`
  /// - weight gradient: `x, dy, dw, [dbias,] scratch`; `dw` and biases are 32-bit floats
  ///
  /// The weights `w` are packed where the kernel wants that: see ``OneDNNKernel/packedBytes``.
  static func convolution(_ problem: ConvolutionProblem, pass: ConvolutionPass) -> OneDNNKernel? {
    guard isAvailable,
      var window = problem.window.native(
        element: problem.element, threads: problem.threads, batch: problem.batch,
        groups: problem.groups, inChannels: problem.inChannels, outChannels: problem.outChannels)
    else { return nil }
    let kernel = OneDNNKernel(
      apus_onednn_create_convolution(
        &window, pass.code, problem.hasBias, problem.activation.code))
    return kernel.flatMap { problem.element.isMultiplied(by: $0.implementation) ? $0 : nil }
  }
}
