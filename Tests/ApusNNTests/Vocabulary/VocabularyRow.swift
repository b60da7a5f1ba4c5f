import ApusCore
import ApusNN
import ApusTestSupport

/// One public name of the vocabulary with what proves it and how it is abused.
struct VocabularyRow: Sendable, CustomStringConvertible {
  enum Kind: String, Sendable { case layer, loss, optimizer, schedule, initializer, activation }

  /// What a row is compared with.
  enum Proof: Sendable {
    /// Every case of an operation in a family of goldens; the closure checks one.
    case goldens(String, op: String, @Sendable (GoldenCase) throws -> Void)
    /// A formula, table or property evaluated by the closure, and where it is from.
    case formula(String, @Sendable () throws -> Void)
  }

  let kind: Kind
  /// The name in Swift: of the type, or of the static member.
  let name: String
  let proofs: [Proof]
  /// Calls with wrong settings and inputs; must make some, and some must be refused.
  let abuse: @Sendable (inout BadInput) -> Void

  init(
    _ kind: Kind, _ name: String, proofs: [Proof],
    abuse: @escaping @Sendable (inout BadInput) -> Void
  ) {
    self.kind = kind
    self.name = name
    self.proofs = proofs
    self.abuse = abuse
  }

  var description: String { "\(kind) \(name)" }

  /// Every row; each family stands in its own file under `Rows`.
  static let all: [VocabularyRow] =
    linear + activations + containers + shaping + convolution + pooling + normalization
    + regularization + recurrent + attention + transformers + generative + losses + optimizers
    + schedules + initializers + wrappers + sequences
}
