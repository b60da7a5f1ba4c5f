extension VocabularyRow {
  static let losses: [VocabularyRow] = []
}
