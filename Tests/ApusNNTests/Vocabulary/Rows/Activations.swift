extension VocabularyRow {
  static let activations: [VocabularyRow] = []
}
