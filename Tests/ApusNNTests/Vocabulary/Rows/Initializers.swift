extension VocabularyRow {
  static let initializers: [VocabularyRow] = []
}
