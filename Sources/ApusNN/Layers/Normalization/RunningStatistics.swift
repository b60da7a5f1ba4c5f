import ApusCore

extension Context {
  /// Moves running moments towards those of a batch and counts the batch.
  ///
  /// - Parameter momentum: The share of the new values; `nil` makes the running ones the plain
  ///   average of all batches so far.
  func track(
    _ mean: Tensor, _ variance: Tensor, in running: (mean: Buffer, variance: Buffer, count: Buffer),
    momentum: Double?
  ) {
    let seen = value(of: running.count) + 1
    update(running.count) { _ in seen }
    for (buffer, value) in [(running.mean, mean), (running.variance, variance)] {
      let new = value.stoppingGradient()
      update(buffer) { old in
        if let momentum { return old * (1 - momentum) + new * momentum }
        return old + (new - old) / seen.converted(to: old.dtype)
      }
    }
  }
}

/// Returns the unbiased variance of `count` values whose mean squared deviation is `variance`.
func unbiased(_ variance: Tensor, count: Int) -> Tensor {
  count > 1 ? variance * (Double(count) / Double(count - 1)) : variance
}
