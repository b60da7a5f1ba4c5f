import Apus
import Foundation
import Testing

@Suite("apus explain") struct ExplainTests {
  private struct Shown: Decodable {
    let title: String
    let statistics: PlanStatistics
    let plan: PlanReport
  }

  private func json(_ arguments: String...) throws -> Shown {
    let outcome = try Tool.run(Tool.path, ["explain"] + arguments + ["--format", "json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Shown.self, from: Data(outcome.output.utf8))
  }

  @Test("The table tells kernels with their layers, bytes and work")
  func table() throws {
    let outcome = try Tool.run("explain", "iris")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("MLP 4-30-16-3, train, batch 1, adam, float32, 1 thread"))
    let first = try #require(outcome.output.split(separator: "\n").first { $0.contains("hidden1") })
    // A row of 4 numbers, a matrix of 4 × 30 and the bias, read; a row of 30, written.
    #expect(first.split(separator: " ").prefix(4) == ["0", "616", "120", "120"], "\(first)")
    #expect(!outcome.output.contains("GF/s"))
    #expect(!outcome.output.contains("load"))
  }

  @Test("A step of prediction has the products of its layers and their work, for any batch")
  func work() throws {
    let shown = try json("mlp", "--step", "predict", "--batch", "3")
    #expect(shown.title.hasPrefix("MLP 784-512-256-10, predict, batch 3"))
    #expect(shown.statistics.multiplyAdds == 3 * (784 * 512 + 512 * 256 + 256 * 10))
    #expect(shown.statistics == shown.plan.statistics)
    #expect(shown.plan.runs == 0)
    let weights = 4 * (784 * 512 + 512 * 256 + 256 * 10 + 512 + 256 + 10)
    let unavoidable = weights + 4 * 3 * (784 + 10)
    // Weights that a kernel keeps in a form of its own may be padded.
    #expect((unavoidable...unavoidable * 11 / 10).contains(shown.statistics.unavoidableBytes))
  }

  @Test("Measured times belong to the runs that were asked for", arguments: StepName.allCases)
  func profile(step: StepName) throws {
    let shown = try json("iris", "--step", step.rawValue, "--profile", "--steps", "7")
    #expect(shown.plan.runs == 7)
    #expect(shown.plan.kernels.allSatisfy { $0.nanoseconds > 0 || $0.isStanding })
    let table = try Tool.run("explain", "iris", "--step", step.rawValue, "--profile")
    #expect(table.output.contains("GF/s"))
    #expect(table.errors.isEmpty)
  }

  enum StepName: String, CaseIterable { case train, evaluate, predict }

  @Test("Programs, memory and Graphviz")
  func parts() throws {
    let outcome = try Tool.run("explain", "iris", "--programs", "--memory")
    #expect(outcome.output.contains("r0 = load %"))
    #expect(outcome.output.contains("= add r"))
    #expect(outcome.output.contains("in place of %"))
    #expect(outcome.output.contains("█"))
    let dot = try Tool.run("explain", "iris", "--format", "dot")
    #expect(dot.output.hasPrefix("digraph plan {"))
    #expect(dot.output.contains("k0 -> k1"))
    let refused = try Tool.run("explain", "iris", "--format", "dot", "--memory")
    #expect(refused.status == 64)
    #expect(refused.errors.hasPrefix("Error: --programs and --memory are for tables"))
  }

  @Test("bfloat16 and float64 plans are shown as such", arguments: ["bfloat16", "float64"])
  func precision(name: String) throws {
    let single = try json("mlp", "--step", "predict")
    let shown = try json("mlp", "--step", "predict", "--precision", name)
    #expect(shown.title.contains(name))
    #expect(shown.statistics.multiplyAdds == single.statistics.multiplyAdds)
    #expect(shown.statistics.bytesMoved != single.statistics.bytesMoved)
  }
}
