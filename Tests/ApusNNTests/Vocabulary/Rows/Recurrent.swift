extension VocabularyRow {
  static let recurrent: [VocabularyRow] = []
}
