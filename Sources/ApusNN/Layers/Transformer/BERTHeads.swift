import ApusCore

/// The first token's vector through a dense layer and tanh: what stands for the whole text.
///
/// - Shape: `x[N, T, width] → y[N, width]`.
/// - Parameters held: `dense.weight [width, width]`, `dense.bias [width]`.
/// - Source: Devlin et al. 2019, reference code.
public final class BERTPooler: Layer, CustomStringConvertible {
  let dense: Dense

  public init(_ width: Int) { dense = Dense(width, activation: .tanh) }

  public func build(for x: TensorType) throws(Violation) {
    try requireCount(dense.units, "units")
    try requireSequence(x, width: dense.units)
    try require(x[1] > 0, "the input has no tokens")
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let first = x.sliced(axis: 1, 0..<1).squeezed(axes: [1])
    return dense(first, file: at.file, line: at.line)
  }

  public var description: String { "BERTPooler(\(dense.units))" }
}

/// Logits of the word at every place, for masked words: dense, activation, norm, then the table of
/// word embeddings, transposed, and a bias.
///
/// - Shape: `x[N, T, width] → logits[N, T, vocabulary]`.
/// - Parameters held: `transform.dense.weight`, `transform.dense.bias`, `transform.LayerNorm.weight`,
///   `transform.LayerNorm.bias`, `bias [vocabulary]`; `decoder.weight` is the embeddings' own table.
/// - Source: Devlin et al. 2019, section 3.1, task 1.
public final class BERTMaskedLanguageHead: Layer, RenamingParts, CustomStringConvertible {
  let dense: Dense
  let norm: LayerNorm
  let bias = Parameter(.zeros)
  let table: Parameter

  public var partNames: [String: String] {
    ["dense": "transform.dense", "norm": "transform.LayerNorm", "table": "decoder.weight"]
  }

  /// Creates a head that shares the word embeddings.
  public init(
    _ embeddings: BERTEmbeddings, activation: Activation = .gelu, epsilon: Double = 1e-12
  ) {
    dense = Dense(embeddings.words.width, activation: activation)
    norm = LayerNorm(epsilon: epsilon)
    table = embeddings.words.weight
  }

  public func build(for x: TensorType) throws(Violation) {
    guard let type = table.type else {
      throw Violation("the embeddings have no table yet: call them on tokens first")
    }
    try requireSequence(x, width: dense.units)
    try bias.allocate(x.dtype, [type[0]])
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    let h = norm(dense(x, file: at.file, line: at.line), file: at.file, line: at.line)
    return affine(h, table.value, bias.value)
  }

  public var description: String { "BERTMaskedLanguageHead(\(dense.units))" }
}

/// Logits of whether the second segment follows the first, from the pooled vector.
///
/// - Shape: `pooled[N, width] → logits[N, 2]`; class 0: it follows.
/// - Parameters held: `seq_relationship.weight [2, width]`, `seq_relationship.bias [2]`.
/// - Source: Devlin et al. 2019, section 3.1, task 2.
public final class BERTNextSentenceHead: Layer, RenamingParts, CustomStringConvertible {
  let dense = Dense(2)
  public var partNames: [String: String] { ["dense": "seq_relationship"] }

  public init() {}

  public func build(for x: TensorType) throws(Violation) { try requirePooled(x) }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return dense(x, file: at.file, line: at.line)
  }

  public var description: String { "BERTNextSentenceHead" }
}

/// Logits of classes from the pooled vector, with dropout before.
///
/// - Shape: `pooled[N, width] → logits[N, classes]`.
/// - Parameters held: `classifier.weight [classes, width]`, `classifier.bias [classes]`.
/// - Source: Devlin et al. 2019, section 4.1.
public final class BERTClassificationHead: Layer, CustomStringConvertible {
  let dropout: Dropout
  let classifier: Dense

  public init(classes: Int, dropoutRate: Double = 0.1) {
    dropout = Dropout(dropoutRate)
    classifier = Dense(classes)
  }

  public func build(for x: TensorType) throws(Violation) {
    try requireCount(classifier.units, "classes")
    try requireRate(dropout.rate)
    try requirePooled(x)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let at = CallSite.ofLayer
    return classifier(
      dropout(x, file: at.file, line: at.line), file: at.file, line: at.line)
  }

  public var description: String { "BERTClassificationHead(\(classifier.units))" }
}

private func requirePooled(_ x: TensorType) throws(Violation) {
  try require(
    x.rank == 2 && x[1] > 0 && x.dtype.isFloating,
    "needs floating vectors [batch, width], not \(x)")
}
