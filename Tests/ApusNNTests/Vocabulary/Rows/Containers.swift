extension VocabularyRow {
  static let containers: [VocabularyRow] = []
}
