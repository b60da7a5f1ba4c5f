extension VocabularyRow {
  static let shaping: [VocabularyRow] = []
}
