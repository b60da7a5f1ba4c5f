extension VocabularyRow {
  static let transformers: [VocabularyRow] = []
}
