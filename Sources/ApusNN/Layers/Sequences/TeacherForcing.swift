import ApusCore

/// Which tokens a decoder is given while it is trained: the true ones, or its own.
public enum TeacherForcing: Sendable {
  /// Always the true tokens.
  case full
  /// After the first, each token is the true one with a probability, else the decoder's own for that
  /// place; each sample and step draws for itself.
  ///
  /// The probability is a scalar tensor, so that a schedule costs no recompilation. Gradients do not
  /// pass through the choice.
  /// - Source: Bengio, Vinyals, Jaitly, Shazeer 2015, "Scheduled sampling for sequence prediction with
  ///   recurrent neural networks".
  case scheduled(probability: Tensor, OwnToken = .likeliest)

  /// How the decoder's own token is chosen.
  public enum OwnToken: String, Sendable, Hashable { case likeliest, drawn }

  /// Scheduled sampling with a probability from 0, never the true token, to 1, always.
  public static func scheduled(
    _ probability: Double, _ own: OwnToken = .likeliest, file: String = #fileID,
    line: Int = #line
  ) -> TeacherForcing {
    guard probability >= 0 && probability <= 1 else {
      let error = TensorError(
        operation: "scheduled", reason: "the probability \(probability) is not in 0...1",
        site: CallSite(file: file, line: line))
      return .scheduled(probability: Tensor(error: error), own)
    }
    return .scheduled(probability: Tensor([probability], shape: [], dtype: .float32), own)
  }

  /// What a call draws by: the probability, the kind of choice and the key.
  struct Draw {
    let probability: Tensor
    let own: OwnToken
    let key: RandomKey

    /// The token of a step for each sample: `truth[N]` or one of `own[N]`.
    func token(_ truth: Tensor, own: Tensor, step: Tensor) -> Tensor {
      let key = key.folding(in: step)
      let shares = probability.broadcast(to: truth.shape)
      return truth.where(Tensor.bernoulli(shares, key: key), else: own)
    }

    /// The decoder's own token after a step.
    func choice(_ logits: Tensor, step: Tensor) -> Tensor {
      switch own {
      case .likeliest: logits.argmax(axis: 1)
      case .drawn:
        .categorical(
          logits: logits.stoppingGradient(), key: key.folding(in: step).folding(in: 1))
      }
    }
  }

  /// Refuses a probability that is none.
  func draw(_ context: Context) throws(Violation) -> Draw? {
    guard case .scheduled(let probability, let own) = self else { return nil }
    try require(
      probability.dtype.isFloating && probability.rank == 0,
      "the probability of true tokens is a floating scalar, not \(probability.type)")
    return Draw(probability: probability, own: own, key: context.nextKey())
  }

  var tensor: Tensor? {
    if case .scheduled(let probability, _) = self { return probability }
    return nil
  }
}
