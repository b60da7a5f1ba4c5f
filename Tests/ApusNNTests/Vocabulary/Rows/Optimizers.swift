extension VocabularyRow {
  static let optimizers: [VocabularyRow] = []
}
