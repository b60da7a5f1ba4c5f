import ApusTestSupport
import Testing
@Suite struct ScratchRows {
  @Test(arguments: VocabularyRow.sequences) func proven(_ row: VocabularyRow) throws { try VocabularyTests().proven(row) }
  @Test(arguments: VocabularyRow.sequences) func refuses(_ row: VocabularyRow) { VocabularyTests().refuses(row) }
}
