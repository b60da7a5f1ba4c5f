import ApusTestSupport
import Foundation
import Testing

@testable import ApusCore

@Suite("printing") struct PrintingTests {
  private func example() throws -> Graph {
    try graph(
      of: { [matmul($0[0], $0[1]).tanh() + 1.5, $0[0]] },
      on: [TensorType(.float32, [2, 3]), TensorType(.float32, [3, 4])])
  }

  @Test("tensors print their type and aligned rows, long axes shortened")
  func tensors() throws {
    TestExecutor.cpu.run {
      #expect(
        "\(Tensor(nested: [[1, -2.5], [100, 0.125]] as [[Float]]))" == """
          f32[2, 2] [[  1.0,  -2.5],
           [100.0, 0.125]]
          """)
      #expect("\(Tensor(3.5))" == "f32 3.5")
      #expect("\(Tensor([true, false]))" == "bool[2] [ true, false]")
      #expect("\(Tensor.range(20))" == "i32[20] [ 0,  1,  2, …, 17, 18, 19]")
      #expect("\(Tensor([Double.nan, .infinity, 1e-9]))" == "f64[3] [  nan,   inf, 1e-09]")
      #expect("\(Tensor.zeros([2, 0]))".hasPrefix("f32[2, 0]"))
      #expect(
        "\(Tensor.ones([1, 2, 1, 2]))" == """
          f32[1, 2, 1, 2] [[[[1.0, 1.0]],
            [[1.0, 1.0]]]]
          """)
      #expect("\(standIn(.float32, [2]))" == "f32[2] (being traced)")
      #expect(
        "\(matmul(standIn(.float32, [2, 3]), standIn(.float32, [2, 3])))".hasPrefix(
          "failed tensor: matmul"))
    }
  }

  @Test("graphs print one line per operation")
  func text() throws {
    #expect(
      try example().description == """
        inputs %0: f32[2, 3], %1: f32[3, 4]
        %2: f32[2, 4] = matmul (%0, %1)
        %3: f32[2, 4] = tanh (%2)
        %4: f32[2, 4] = constant 1.5 ()
        %5: f32[2, 4] = add (%3, %4)
        return %5, %0
        """)
  }

  @Test("graphs print as DOT, quotes and all")
  func dot() throws {
    let dot = try example().dot
    #expect(dot.hasPrefix("digraph apus {") && dot.hasSuffix("}"))
    #expect(dot.contains("n0 [label = \"matmul\"];"))
    #expect(dot.contains("i0 -> n0 [label = \"f32[2, 3]\"];"))
    #expect(dot.contains("n0 -> n1 [label = \"f32[2, 4]\"];"))
    #expect(dot.contains("n3 -> o0") && dot.contains("i0 -> o1"))
  }

  @Test("graphs are drawn as SVG: valid XML, a box per operation, no two on one place")
  func svg() throws {
    let graph = try graph(
      of: { x in
        let h = matmul(x[0], x[1]).tanh()
        return gradients(at: [h, x[1]]) { (matmul($0[0], $0[1]) * $0[0]).sum() }
      }, on: [TensorType(.float32, [3, 3]), TensorType(.float32, [3, 3])])
    let layout = GraphLayout(graph)
    #expect(layout.boxes.count == 2 + graph.instructions.count + 2)
    for (from, to) in layout.edges { #expect(layout.boxes[from].row < layout.boxes[to].row) }
    let places = layout.boxes.map { [Double($0.row), $0.column] }
    #expect(Set(places).count == places.count)
    let parser = XMLReader()
    let svg = graph.svg
    #expect(parser.read(svg), "\(svg)")
    #expect(parser.counts["rect"] == layout.boxes.count)
    #expect(parser.counts["path"] == layout.edges.count + 1)
    #expect(svg.contains(">matmul</text>") && svg.contains("f32[3, 3]"))
    #expect(try Tensor([1.0]).graph().svg.hasSuffix("</svg>"))
  }

  @Test("a crossing that ordering can avoid is avoided")
  func crossings() throws {
    // Inputs 0 and 1 feed operations in the opposite order.
    let graph = try graph(
      of: { [$0[1].tanh(), $0[0].exp()] },
      on: [TensorType(.float32, [1]), TensorType(.float32, [1])])
    let layout = GraphLayout(graph)
    func column(_ title: String) throws -> Double {
      try #require(layout.boxes.first { $0.title == title }).column
    }
    let inputs = try column("input 0") < column("input 1")
    let users = try column("exp") < column("tanh")
    #expect(inputs == users)
  }
}

/// Counts the elements of a document that is read to its end.
private final class XMLReader {
  private(set) var counts: [String: Int] = [:]

  /// Whether every element is closed in its place; entities and attributes are not looked into.
  func read(_ text: String) -> Bool {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      guard let end = rest[start...].firstIndex(of: ">") else { return false }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return false }
        continue
      }
      let name = tag.prefix { $0.isLetter }
      counts[String(name), default: 0] += 1
      guard tag.count(where: { $0 == "\"" }) % 2 == 0 else { return false }
      if !tag.hasSuffix("/") { open.append(name) }
    }
    return open.isEmpty && !rest.contains("<")
  }
}
