import ApusCore

extension Module {
  /// Runs `forward` as a call of this module with several inputs, as layers with one are called.
  ///
  /// A failed input is the result; what `build` refuses names this module, its path and the call.
  func call(
    _ inputs: [(name: String, tensor: Tensor?)], _ context: Context?, file: String, line: Int,
    build: () throws(Violation) -> Void, forward: (Context) -> Tensor
  ) -> Tensor {
    if let failed = inputs.lazy.compactMap(\.tensor).first(where: { $0.error != nil }) {
      return failed
    }
    return scoped(context, file: file, line: line) { context in
      do throws(Violation) { try build() } catch {
        return Tensor(
          error: TensorError(
            operation: "\(Self.self)", reason: error.reason,
            operands: inputs.compactMap { name, tensor in
              tensor.map { .init(name: name, type: $0.type) }
            }, layerPath: LayerScope.current?.path, site: LayerScope.current?.site))
      }
      let y = forward(context)
      context.observe(self, output: y)
      return y
    }
  }
}

/// Checks sequences of vectors: `x[N, T, width]`, floating.
func requireSequence(
  _ x: TensorType, width: Int? = nil, _ name: String = "the input"
) throws(Violation) {
  try require(x.rank == 3, "\(name) must be [batch, time, width], not \(x.shape)")
  try require(x.dtype.isFloating, "\(name) must be floating, not \(x.dtype)")
  guard let width else { return }
  try require(x[2] == width, "\(name) must be \(width) wide, not \(x[2])")
}

/// Checks a setting that must be a share: from 0, below 1.
func requireRate(_ rate: Double, _ name: String = "dropout rate") throws(Violation) {
  try require(rate >= 0 && rate < 1, "\(name) \(rate) is not in 0..<1")
}

/// Checks a number of things that make up a model.
func requireCount(_ count: Int, _ name: String) throws(Violation) {
  try require(count > 0 && count <= 1 << 31, "\(count) \(name) are not from 1 to \(1 << 31)")
}
