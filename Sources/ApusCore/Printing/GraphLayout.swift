/// Where the boxes of a drawn graph stand: operands above users, rows by longest path.
///
/// - Source: Sugiyama, Tagawa, Toda 1981, "Methods for visual understanding of hierarchical system
///   structures": layering, then ordering by the mean place of neighbours.
struct GraphLayout {
  struct Box {
    let title: String
    let subtitle: String
    let isRound: Bool
    var row = 0
    var column = 0.0
  }

  /// Width and height of a box, and the space between boxes, in pixels.
  static let size = (width: 168.0, height: 40.0)
  static let gap = (x: 20.0, y: 36.0)

  private(set) var boxes: [Box] = []
  /// From a box to a user of it.
  private(set) var edges: [(from: Int, to: Int)] = []
  private(set) var rows: [[Int]] = []

  init(_ graph: Graph) {
    var producer: [Int: Int] = [:]
    for input in 0..<graph.inputCount {
      producer[input] = boxes.count
      boxes.append(Box(title: "input \(input)", subtitle: "\(graph.types[input])", isRound: true))
    }
    for instruction in graph.instructions {
      let box = boxes.count
      boxes.append(
        Box(
          title: instruction.label, subtitle: "\(graph.types[instruction.firstResult])",
          isRound: false))
      for operand in instruction.operands { link(producer[operand], box) }
      for result in 0..<instruction.resultCount {
        producer[instruction.firstResult + result] = box
      }
    }
    for (index, output) in graph.outputs.enumerated() {
      boxes.append(Box(title: "output \(index)", subtitle: "\(graph.types[output])", isRound: true))
      link(producer[output], boxes.count - 1)
    }
    assignRows()
    orderRows()
  }

  private mutating func link(_ from: Int?, _ to: Int) {
    guard let from, edges.last.map({ $0 != (from, to) }) ?? true else { return }
    edges.append((from, to))
  }

  /// Edges lead to later boxes, in the order of their ends: one pass finds the longest paths.
  private mutating func assignRows() {
    for (from, to) in edges { boxes[to].row = max(boxes[to].row, boxes[from].row + 1) }
    let last = boxes.map(\.row).max() ?? 0
    rows = Array(repeating: [], count: last + 1)
    for index in boxes.indices { rows[boxes[index].row].append(index) }
  }

  /// Moves boxes under and over their neighbours, four times down and up.
  private mutating func orderRows() {
    var (above, below) = (boxes.map { _ in [Int]() }, boxes.map { _ in [Int]() })
    for (from, to) in edges {
      above[to].append(from)
      below[from].append(to)
    }
    for row in rows.indices { place(rows[row]) }
    for _ in 0..<4 {
      for row in rows.indices { sort(row, by: above) }
      for row in rows.indices.reversed() { sort(row, by: below) }
    }
  }

  private mutating func sort(_ row: Int, by neighbours: [[Int]]) {
    let wanted = rows[row].map { box in
      let columns = neighbours[box].map { boxes[$0].column }
      return columns.isEmpty
        ? boxes[box].column : columns.reduce(0, +) / Double(columns.count)
    }
    let order = rows[row].indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    rows[row] = order.map { rows[row][$0] }
    place(rows[row])
  }

  /// Spreads a row evenly around the middle.
  private mutating func place(_ row: [Int]) {
    for (position, box) in row.enumerated() {
      boxes[box].column = Double(position) - Double(row.count - 1) / 2
    }
  }
}
