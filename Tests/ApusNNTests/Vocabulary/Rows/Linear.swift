extension VocabularyRow {
  static let linear: [VocabularyRow] = []
}
