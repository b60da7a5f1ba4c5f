extension VocabularyRow {
  static let pooling: [VocabularyRow] = []
}
