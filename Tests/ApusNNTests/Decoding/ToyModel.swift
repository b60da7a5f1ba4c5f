import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Synchronization

/// A random recurrent model of a few tokens in `float64`, once as tensors and once as plain numbers.
///
///     h' = tanh(a[token] + h · b);  logits = h' · c
struct ToyModel: Sendable {
  let vocabulary: Int
  let width = 3
  private let a: [[Double]]
  private let b: [[Double]]
  private let c: [[Double]]
  /// How often the step was recorded.
  let traces = Counter()

  final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
  }

  init(vocabulary: Int, seed: UInt64, scale: Double = 2) {
    self.vocabulary = vocabulary
    var random = SplitMix(state: seed)
    func table(_ rows: Int, _ columns: Int) -> [[Double]] {
      (0..<rows).map { _ in
        (0..<columns).map { _ in Double.random(in: -scale..<scale, using: &random) }
      }
    }
    a = table(vocabulary, width)
    b = table(width, width)
    c = table(width, vocabulary)
  }

  func decoder(_ samples: Int) -> SequenceDecoder {
    let (a, b, c) = (tensor(a), tensor(b), tensor(c))
    let start = Tensor.zeros([samples, width], dtype: .float64)
    return SequenceDecoder(state: [start]) { [traces] tokens, state in
      traces.add()
      let h = (a.gathered(tokens) + matmul(state[0], b)).tanh()
      return (logits: matmul(h, c), state: [h])
    }
  }

  private func tensor(_ table: [[Double]]) -> Tensor {
    Tensor(table.flatMap { $0 }, shape: [table.count, table.first?.count ?? 0])
  }

  /// Logarithms of the next token's probabilities after a whole sequence, from its start.
  func logProbabilities(after sequence: [Int]) -> [Double] {
    var h = [Double](repeating: 0, count: width)
    for token in sequence {
      h = (0..<width).map { j in
        tanh((0..<width).reduce(a[token][j]) { $0 + h[$1] * b[$1][j] })
      }
    }
    let logits = (0..<vocabulary).map { k in (0..<width).reduce(0) { $0 + h[$1] * c[$1][k] } }
    let largest = logits.max() ?? 0
    let total = log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest
    return logits.map { $0 - total }
  }
}
