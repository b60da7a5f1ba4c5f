extension VocabularyRow {
  static let convolution: [VocabularyRow] = []
}
