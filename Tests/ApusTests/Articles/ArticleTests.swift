import Foundation
import Testing

/// The articles and READMEs against the tests beside this one: what they show has been compiled and run.
@Suite("articles") struct ArticleTests {
  @Test("every example of an article stands in a test, word by word", arguments: try Text.all())
  func examples(_ text: Text) throws {
    let tests = try Text.tests()
    for block in text.examples {
      let isTested = tests.contains { $0.contains(Text.squeezed(block)) }
      #expect(isTested, "not in a test:\n\(block)")
    }
  }

  @Test("the index links every article, and no other")
  func index() throws {
    let articles = try Text.articles()
    let index = try #require(articles.first { $0.name == "Apus.md" })
    let links = index.body.matches(of: #/<doc:(\w+)>/#).map { "\($0.1).md" }
    #expect(links.count == Set(links).count)
    #expect(Set(links) == Set(articles.map(\.name)).subtracting(["Apus.md"]))
  }

  @Test("every symbol and link of an article exists", arguments: try Text.articles())
  func symbols(_ text: Text) throws {
    let words = try Text.sourceWords()
    for match in text.prose.matches(of: #/``([^`]+)``/#) {
      // `gradientPenalty(real:fake:)`: the name and the labels.
      for word in match.1.matches(of: #/\w+/#).map({ String($0.0) }) {
        let isKnown = words.contains(word)
        #expect(isKnown, "\(match.1): no \(word) in the sources")
      }
    }
    let names = Set(try Text.articles().map(\.name))
    for link in text.prose.matches(of: #/<doc:(\w+)>/#) {
      let isArticle = names.contains("\(link.1).md")
      #expect(isArticle, "no article \(link.1)")
    }
  }
}

/// A text with examples.
struct Text: Sendable, CustomTestStringConvertible {
  let name: String
  let body: String
  var testDescription: String { name }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../..").standardizedFileURL

  init(_ file: URL) throws {
    name = file.lastPathComponent
    body = try String(contentsOf: file, encoding: .utf8)
  }

  /// The articles of the documentation.
  static func articles() throws -> [Text] {
    let folder = root.appending(path: "Sources/Apus/Apus.docc")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "md" }.map { try Text($0) }.sorted { $0.name < $1.name }
  }

  /// The articles and the READMEs.
  static func all() throws -> [Text] {
    try articles() + ["README.md", "README.ko.md"].map { try Text(root.appending(path: $0)) }
  }

  /// The Swift examples without their imports.
  ///
  /// Of the READMEs, the lines for a package's manifest are no example, and the first is compared
  /// line by line by a test of its own, which takes fewer samples.
  var examples: [String] {
    body.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
      .filter { !$0.hasPrefix(".package(") }
      .filter { !(name.hasPrefix("README") && $0.hasPrefix("import Apus\n")) }
      .map { $0.replacingOccurrences(of: "import Apus\n", with: "") }
  }

  /// What stands outside of examples.
  var prose: String {
    body.components(separatedBy: "```").enumerated()
      .compactMap { $0.isMultiple(of: 2) ? $1 : nil }.joined(separator: "\n")
  }

  /// The sources of the tests with examples, squeezed.
  static func tests() throws -> [String] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" && $0.lastPathComponent != "ArticleTests.swift" }
      .map { squeezed(try String(contentsOf: $0, encoding: .utf8)) }
  }

  /// Without white space: where lines break is the formatter's matter.
  static func squeezed(_ code: String) -> String { code.filter { !$0.isWhitespace } }

  /// Every word of code in the sources of the library.
  static func sourceWords() throws -> Set<String> {
    let folder = root.appending(path: "Sources")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var words: Set<String> = []
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let code = line.drop { $0 == " " }
        guard !code.hasPrefix("//") else { continue }
        words.formUnion(code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
      }
    }
    return words
  }
}
