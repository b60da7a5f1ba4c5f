import ApusCore

/// Which axis of a sequence counts its steps.
public enum SequenceLayout: String, Sendable, Hashable {
  /// `x[N, T, F]`.
  case batchFirst
  /// `x[T, N, F]`.
  case timeFirst

  /// The axis that counts steps.
  public var timeAxis: Int { self == .batchFirst ? 1 : 0 }

  /// The sequence with steps on the first axis, or back from there.
  func swapped(_ x: Tensor) -> Tensor {
    self == .timeFirst
      ? x : x.transposed(permutation: [1, 0] + Array(2..<Swift.max(x.rank, 2)))
  }
}

/// How the outputs of the two directions of a layer become one.
public enum DirectionMerge: String, Sendable, Hashable {
  /// Forward, then backward features: twice as many.
  case concatenate
  case sum, mean, multiply

  func merged(_ forward: Tensor, _ backward: Tensor) -> Tensor {
    switch self {
    case .concatenate: concatenated([forward, backward], axis: forward.rank - 1)
    case .sum: forward + backward
    case .mean: (forward + backward) * 0.5
    case .multiply: forward * backward
    }
  }
}

/// The activation of a simple recurrent network.
public enum RecurrentActivation: String, Sendable, Hashable { case tanh, relu }

/// What a recurrent layer carries from step to step.
///
/// Row `d + directions·l` belongs to direction `d` of layer `l`, as in PyTorch.
public struct RecurrentState: Sendable {
  /// `h[layers·directions, N, units]`.
  public var hidden: Tensor
  /// `c[layers·directions, N, units]`, of an LSTM only.
  public var cell: Tensor?

  public init(hidden: Tensor, cell: Tensor? = nil) {
    self.hidden = hidden
    self.cell = cell
  }

  /// The same values; gradients do not pass.
  public func stoppingGradient() -> RecurrentState {
    RecurrentState(hidden: hidden.stoppingGradient(), cell: cell?.stoppingGradient())
  }

  /// The state's tensors, hidden first.
  var tensors: [Tensor] { [hidden] + [cell].compactMap { $0 } }

  init(tensors: [Tensor]) {
    hidden = tensors[0]
    cell = tensors.count > 1 ? tensors[1] : nil
  }

  /// A state that carries a mistake.
  init(failed: Tensor, count: Int) {
    hidden = failed
    cell = count > 1 ? failed : nil
  }
}
