extension VocabularyRow {
  static let schedules: [VocabularyRow] = []
}
