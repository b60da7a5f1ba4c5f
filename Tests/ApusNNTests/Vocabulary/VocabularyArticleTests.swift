import Foundation
import Testing

/// The article that lists the vocabulary, against the sources.
@Suite("vocabulary: article") struct VocabularyArticleTests {
  /// Names that two kinds share, such as `step`, count only in the section of their own kind.
  private static let sections: [(kind: VocabularyRow.Kind, heading: String?)] = [
    (.layer, nil), (.loss, "Losses"), (.optimizer, "Optimizers"), (.schedule, "Schedules"),
    (.initializer, "Initializers"), (.activation, "Activations"),
  ]

  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../Sources").standardizedFileURL

  /// The words in code voice of the sections, by heading.
  private static func words() throws -> [String: Set<String>] {
    let file = sources.appending(path: "Apus/Apus.docc/Vocabulary.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    var found: [String: Set<String>] = [:]
    for section in text.components(separatedBy: "\n## ").dropFirst() {
      let heading = String(section.prefix { $0 != "\n" })
      for span in section.matches(of: /`+([^`]+)`+/) {
        found[heading, default: []].formUnion(span.1.matches(of: /\w+/).map { String($0.0) })
      }
    }
    return found
  }

  private static func allWords() throws -> Set<String> {
    try words().values.reduce(into: []) { $0.formUnion($1) }
  }

  @Test("every public name stands in the section of its kind", arguments: sections.indices)
  func complete(_ index: Int) throws {
    let (kind, heading) = Self.sections[index]
    let words = try Self.words()
    let listed = try heading.map { try #require(words[$0]) } ?? Self.allWords()
    let names = try PublicName.all().filter { $0.kind == kind }.map(\.name)
    #expect(!names.isEmpty)
    #expect(
      names.filter { !listed.contains($0) } == [], "not in the article's \(heading ?? "tables")")
  }

  @Test("every name of the article is declared in the sources")
  func isTrue() throws {
    var declared: Set<String> = []
    let files = FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil)
    let pattern =
      /\b(?:func|class|struct|enum|protocol|case|let|var) `?(\w+)|(\w+)(?: \w+)?:/
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { continue }
        for match in line.matches(of: pattern) {
          if let name = match.1 ?? match.2 { declared.insert(String(name)) }
        }
      }
    }
    let unknown = try Self.allWords().subtracting(declared).filter { $0.contains { $0.isLetter } }
    #expect(unknown.sorted() == [])
  }
}
