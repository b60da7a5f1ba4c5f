import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("losses") struct LossTests {
  @Test("prediction and target of different shapes are refused, not broadcast")
  func shapes() {
    let a = standIn(.float32, [4, 1])
    let b = standIn(.float32, [4])
    for loss in [Loss.meanSquaredError, .meanAbsoluteError, .binaryCrossEntropy, .huber()] {
      expectRefusal(
        loss(a, b, file: "App/Main.swift", line: 9),
        """
        \(loss.name): shapes differ: prediction is [4, 1], target is [4]
          prediction: f32[4, 1]
          target: f32[4]
          called at App/Main.swift:9
        """)
    }
  }

  @Test("cross-entropy refuses labels of the wrong shape or dtype")
  func labels() {
    let logits = standIn(.float32, [4, 3])
    #expect(
      Loss.crossEntropy(logits, standIn(.int32, [5])).error?.reason
        == "class numbers for prediction [4, 3] have shape [4], target is [5]")
    #expect(
      Loss.crossEntropy(logits, standIn(.bool, [4])).error?.reason
        == "target must be class numbers or a distribution, not bool")
    #expect(
      Loss.crossEntropy(logits, standIn(.float32, [4])).error?.reason
        == "shapes differ: prediction is [4, 3], target is [4]")
    #expect(
      Loss.meanSquaredError(logits, standIn(.float64, [4, 3])).error?.reason
        == "dtypes differ: prediction is f32, target is f64")
  }

  @Test("values agree with the formulas")
  func values() throws {
    let p = Tensor([0.5, -1.0, 2.0, 0.25])
    let t = Tensor([0.0, 1.0, 2.0, -2.0])
    try TestExecutor.cpu.run {
      try expectClose(Loss.meanSquaredError(p, t), [(0.25 + 4 + 0 + 5.0625) / 4])
      try expectClose(Loss.halfSumSquaredError(p, t), [(0.25 + 4 + 0 + 5.0625) / 8])
      try expectClose(Loss.meanAbsoluteError(p, t), [(0.5 + 2 + 0 + 2.25) / 4])
      try expectClose(Loss.huber()(p, t), [(0.125 + 1.5 + 0 + 1.75) / 4])
    }
  }

  @Test("cross-entropy: index and one-hot targets agree; smoothing, weights and ignoring")
  func crossEntropy() throws {
    let rows: [[Double]] = [[1, 2, 0.5], [0, -1, 3], [0.25, 0.25, 1]]
    let labels = [1, 2, 0]
    let logits = Tensor(rows.flatMap { $0 }, shape: [3, 3])
    let target = Tensor(labels.map(Int32.init))
    func logProbability(_ row: [Double], _ k: Int) -> Double {
      row[k] - Double.log(row.map(Double.exp).reduce(0, +))
    }
    let losses = zip(rows, labels).map { -logProbability($0, $1) }
    let hot = Tensor(labels.flatMap { k in (0..<3).map { $0 == k ? 1.0 : 0 } }, shape: [3, 3])
    let uniform = rows.map { row in -(0..<3).map { logProbability(row, $0) }.reduce(0, +) / 3 }
    try TestExecutor.cpu.run {
      try expectClose(Loss.crossEntropy(logits, target), [losses.reduce(0, +) / 3])
      try expectClose(Loss.crossEntropy(logits, hot), [losses.reduce(0, +) / 3])
      let smooth = zip(losses, uniform).map { 0.9 * $0 + 0.1 * $1 }.reduce(0, +) / 3
      try expectClose(Loss.crossEntropy(labelSmoothing: 0.1)(logits, target), [smooth])
      try expectClose(Loss.crossEntropy(labelSmoothing: 0.1)(logits, hot), [smooth])
      try expectClose(
        Loss.crossEntropy(ignoredLabel: 2)(logits, target), [(losses[0] + losses[2]) / 2])
      let weights = [0.5, 1.0, 2.0]
      let weighted = zip(losses, labels).map { $0 * weights[$1] }.reduce(0, +)
      try expectClose(
        Loss.crossEntropy(classWeights: weights)(logits, target), [weighted / 3.5])
    }
  }

  @Test("binary cross-entropy of logits and of probabilities agree")
  func binary() throws {
    let z = Tensor([0.5, -2.0, 3.0])
    let t = Tensor([1.0, 0.0, 0.0])
    try TestExecutor.cpu.run {
      let a = try Loss.binaryCrossEntropy(z, t).scalar(as: Double.self)
      try expectClose(Loss.binaryCrossEntropyOfProbabilities(z.sigmoid(), t), [a])
      try expectClose(Loss.binaryCrossEntropy(z, Tensor([true, false, false])), [a])
    }
  }
}

extension Double {
  fileprivate static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  fileprivate static func log(_ x: Double) -> Double { Foundation.log(x) }
}
