/// An equation of ``einsum(_:_:file:line:)``, checked against the operands' types.
///
/// Axes carry labels: letters by code point, axes of the ellipsis by negative numbers, -1 being its
/// last axis.
struct EinsumEquation {
  /// The labels of each operand's axes.
  var inputs: [[Int]]
  /// The labels of the result's axes.
  var output: [Int]
  /// The extent of every label.
  var extents: [Int: Int] = [:]

  init(_ equation: String, _ operands: [TensorType]) throws(Violation) {
    let text = equation.filter { !$0.isWhitespace }
    let arrow = text.firstRange(of: "->")
    let left = arrow.map { String(text[..<$0.lowerBound]) } ?? text
    let terms = left.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    try require(
      terms.count == operands.count,
      "'\(equation)' names \(terms.count) operands, \(operands.count) are given")
    inputs = []
    output = []
    var ellipsis = 0
    for (index, term) in terms.enumerated() {
      let labels = try Self.labels(of: term, rank: operands[index].rank, operand: index)
      ellipsis = Swift.max(ellipsis, labels.filter { $0 < 0 }.count)
      inputs.append(labels)
    }
    try measure(operands)
    let all = inputs.flatMap { $0 }
    let ellipsisLabels = (0..<ellipsis).map { $0 - ellipsis }
    if let arrow {
      output = try Self.resultLabels(of: String(text[arrow.upperBound...]), ellipsisLabels)
      try checkOutput(all)
    } else {
      let once = Set(all).filter { label in
        label >= 0 && all.reduce(0) { $1 == label ? $0 + 1 : $0 } == 1
      }
      output = ellipsisLabels + once.sorted()
    }
  }

  private func checkOutput(_ all: [Int]) throws(Violation) {
    for (place, label) in output.enumerated() where label >= 0 {
      try require(
        all.contains(label), "letter '\(Self.name(label))' of the result is in no operand")
      try require(
        !output[..<place].contains(label),
        "letter '\(Self.name(label))' is twice in the result")
    }
  }

  /// Notes the extent of each label and refuses letters with two extents.
  private mutating func measure(_ operands: [TensorType]) throws(Violation) {
    var owner: [Int: Int] = [:]
    for (index, labels) in inputs.enumerated() {
      for (label, extent) in zip(labels, operands[index].dims) {
        guard let known = extents[label] else {
          extents[label] = extent
          owner[label] = index
          continue
        }
        if label < 0, known == 1 || extent == 1 {
          extents[label] = known == 1 ? extent : known
          continue
        }
        let what = label < 0 ? "axis \(label) of '...'" : "letter '\(Self.name(label))'"
        try require(
          known == extent,
          "\(what) has extent \(known) in operand \(owner[label, default: 0]) "
            + "and \(extent) in operand \(index)")
      }
    }
  }

  static func name(_ label: Int) -> String {
    UInt32(exactly: label).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "..."
  }

  /// The text before and after `...`, or the whole text and nil.
  private static func split(_ term: String) throws(Violation) -> (head: [Int], tail: [Int]?) {
    var head = term
    var tail: String?
    if let dots = term.firstRange(of: "...") {
      head = String(term[..<dots.lowerBound])
      tail = String(term[dots.upperBound...])
    }
    return (try letters(head), try tail.map { text throws(Violation) in try letters(text) })
  }

  private static func letters(_ text: String) throws(Violation) -> [Int] {
    for character in text {
      try require(character.isASCII && character.isLetter, "'\(character)' is not a letter")
    }
    return text.unicodeScalars.map { Int($0.value) }
  }

  private static func labels(
    of term: String, rank: Int, operand: Int
  ) throws(Violation) -> [Int] {
    let (head, tail) = try split(term)
    guard let tail else {
      try require(
        head.count == rank, "'\(term)' names \(head.count) axes, operand \(operand) has \(rank)")
      return head
    }
    let missing = rank - head.count - tail.count
    try require(
      missing >= 0,
      "'\(term)' names \(head.count + tail.count) axes, operand \(operand) has \(rank)")
    return head + (0..<missing).map { $0 - missing } + tail
  }

  private static func resultLabels(
    of term: String, _ ellipsis: [Int]
  ) throws(Violation) -> [Int] {
    let (head, tail) = try split(term)
    return head + (tail.map { ellipsis + $0 } ?? [])
  }
}
