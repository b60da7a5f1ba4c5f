extension VocabularyRow {
  static let normalization: [VocabularyRow] = []
}
