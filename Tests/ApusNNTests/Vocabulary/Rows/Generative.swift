extension VocabularyRow {
  static let generative: [VocabularyRow] = []
}
