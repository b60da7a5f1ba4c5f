extension VocabularyRow {
  static let regularization: [VocabularyRow] = []
}
