extension VocabularyRow {
  static let attention: [VocabularyRow] = []
}
