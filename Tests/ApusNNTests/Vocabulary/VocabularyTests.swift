import ApusTestSupport
import Foundation
import Testing

/// Walks everything public that a model is made of: nothing may lack a proof, a doc comment with
/// shapes, or calls with bad input.
@Suite("vocabulary") struct VocabularyTests {
  @Test("every public name in the sources has a row, and every row a name")
  func complete() throws {
    let declared = Set(try PublicName.all().map(\.label))
    let listed = Set(VocabularyRow.all.map(\.description))
    #expect(declared.subtracting(listed).sorted() == [])
    #expect(listed.subtracting(declared).sorted() == [])
    #expect(listed.count == VocabularyRow.all.count, "a row is listed twice")
  }

  @Test("every public name has a doc comment, layers and losses one with shapes")
  func documented() throws {
    for name in try PublicName.all() {
      #expect(!name.comment.isEmpty, "\(name.label) has no doc comment")
      guard name.kind == .layer || name.kind == .loss else { continue }
      #expect(name.comment.contains("- Shape:"), "\(name.label) tells no shapes")
    }
  }

  @Test("every row agrees with its proofs", arguments: VocabularyRow.all)
  func proven(_ row: VocabularyRow) throws {
    #expect(!row.proofs.isEmpty)
    try TestExecutor.cpu.run {
      for proof in row.proofs {
        switch proof {
        case .goldens(let family, let op, let check):
          let cases = try goldens(family).filter { $0.op == op }
          #expect(!cases.isEmpty, "no golden \(op) in \(family)")
          for golden in cases { try check(golden) }
        case .formula(_, let check): try check()
        }
      }
    }
  }

  @Test("bad input gives errors; the number of calls is told")
  func refuses() async {
    var calls = 0
    var refusals = 0
    await withTaskGroup(of: (calls: Int, refusals: Int).self) { group in
      for row in VocabularyRow.all { group.addTask { Self.abuse(row) } }
      for await counts in group {
        calls += counts.calls
        refusals += counts.refusals
      }
    }
    print("bad input: \(VocabularyRow.all.count) rows, \(calls) calls, \(refusals) refused")
  }

  private static func abuse(_ row: VocabularyRow) -> (calls: Int, refusals: Int) {
    TestExecutor.cpu.run {
      var bad = BadInput()
      row.abuse(&bad)
      #expect(bad.calls > 0, "\(row) is never abused")
      #expect(bad.refusals > 0, "\(row) refuses nothing")
      print("bad input: \(row): \(bad.calls) calls, \(bad.refusals) refused")
      return (bad.calls, bad.refusals)
    }
  }
}

/// A public declaration in the sources of `ApusNN`.
struct PublicName {
  let kind: VocabularyRow.Kind
  let name: String
  let comment: String
  var label: String { "\(kind) \(name)" }

  static func all() throws -> [PublicName] {
    let member = #"public static (?:let|var|func) (\w+)\b(?!: \[)"#
    return try named(
      "Layers", #"public (?:final )?class (\w+)[^{]*\b\w*(?:Layer|Module)\w*\b"#, .layer)
      + named("Losses", member, .loss, within: "extension Loss ")
      + named("Losses", member, .loss, within: "extension GANLoss ")
      + named("Losses", #"^public struct (\w+Loss)\b"#, .loss)
      + named("Losses", #"^public func (\w+)"#, .loss)
      + named("Optimizers", #"public struct (\w+): Optimizer\b"#, .optimizer)
      + named("Optimizers", member, .schedule, within: "extension Schedule ")
      + named("Parameters", member, .initializer, within: "extension Initializer ")
      + named("Activations", member, .activation, within: "extension Activation ")
  }

  private static func named(
    _ folder: String, _ pattern: String, _ kind: VocabularyRow.Kind, within block: String? = nil
  ) throws -> [PublicName] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Sources/ApusNN/\(folder)").standardizedFileURL
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    let regex = try Regex(pattern)
    var found: [String: PublicName] = [:]
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      var comment: [String] = []
      var isInside = block == nil
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        if let block, !line.hasPrefix(" "), !line.hasPrefix("}"), !line.hasPrefix("/") {
          isInside = line.hasPrefix(block)
        }
        let text = line.drop { $0 == " " }
        if text.hasPrefix("///") {
          comment.append(String(text))
          continue
        }
        // A declaration may be spread over lines; attributes may stand between.
        if isInside, let match = try regex.firstMatch(in: line), let name = match[1].substring {
          let before = found[String(name)]
          let all = [before?.comment ?? ""] + comment
          found[String(name)] = PublicName(
            kind: kind, name: String(name), comment: all.joined(separator: "\n"))
        }
        if !text.hasPrefix("@") { comment = [] }
      }
    }
    return found.values.sorted { $0.name < $1.name }
  }
}
