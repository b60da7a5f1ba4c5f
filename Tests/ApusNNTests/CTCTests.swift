import ApusCPU
import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("CTC") struct CTCTests {
  private static let targets = Tensor([1, 2, 2, 1, 3, 3] as [Int64], shape: [2, 3])

  @Test("a sum over all alignments, written out", arguments: [(4, [1, 2]), (5, [1, 1]), (3, [])])
  func enumerated(_ steps: Int, _ target: [Int]) throws {
    let classes = 3
    let p = (0..<steps).map { t in
      let raw = (0..<classes).map { Double(1 + (t * 7 + $0 * 5) % 11) }
      return raw.map { $0 / raw.reduce(0, +) }
    }
    var total = 0.0
    for number in 0..<Int(pow(Double(classes), Double(steps))) {
      var (rest, path) = (number, [Int]())
      for _ in 0..<steps {
        path.append(rest % classes)
        rest /= classes
      }
      var written: [Int] = []
      for (t, label) in path.enumerated() where label != 0 && (t == 0 || path[t - 1] != label) {
        written.append(label)
      }
      if written == target {
        total += path.enumerated().reduce(1) { $0 * p[$1.offset][$1.element] }
      }
    }
    let logs = Tensor(p.flatMap { $0.map(log) }, shape: [1, steps, classes])
    let labels = Tensor(target.map(Int64.init), shape: [1, target.count])
    try TestExecutor.cpu.run {
      try expectClose(
        CTCLoss(reduction: .none)(logs, labels), [-log(total)], absolute: 1e-10)
    }
  }

  @Test("1,000 steps: float32 against float64, the decomposition, and central differences")
  func long() throws {
    let (n, steps, classes, length) = (2, 1000, 12, 150)
    let logits = Tensor.normal([n, steps, classes], dtype: .float64, key: RandomKey(seed: 4))
    let labels = Tensor.randomIntegers(
      [n, length], in: 1..<classes, dtype: .int64, key: RandomKey(seed: 5))
    let lengths = Tensor([150, 97] as [Int64])
    let inputs = Tensor([1000, 801] as [Int64])
    func loss(_ x: Tensor) -> Tensor {
      CTCLoss(reduction: .none)(x, labels, inputLengths: inputs, targetLengths: lengths)
    }
    func both(_ x: Tensor) throws -> [[Double]] {
      let (value, slopes) = valueAndGradients(at: [x]) { loss($0[0]).sum() }
      return [try value.scalars(as: Double.self), try slopes[0].scalars(as: Double.self)]
    }
    let fine = try TestExecutor.cpu.run { try both(logits) }
    let single = try TestExecutor.cpu.run { try both(logits.converted(to: .float32)) }
    let threads = try Executors.with(CPUExecutor(CPUConfiguration(threads: 2))) {
      try both(logits)
    }
    #expect(threads == fine)
    expectClose(single[0], fine[0], relative: 1e-5)
    expectClose(single[1], fine[1], absolute: 2e-3)
    #expect(fine[1].allSatisfy { $0.isFinite })
    // No gradient beyond a sample's steps; each step's gradients of logits add up to 0.
    let tail = fine[1][(steps * classes + 801 * classes)...]
    #expect(tail.allSatisfy { $0 == 0 })
    // Along a direction, by central differences.
    let direction = Tensor.normal([n, steps, classes], dtype: .float64, key: RandomKey(seed: 6))
    try TestExecutor.cpu.run {
      let h = 1e-4
      let above = try loss(logits + direction * h).sum().scalar(as: Double.self)
      let below = try loss(logits - direction * h).sum().scalar(as: Double.self)
      let d = try direction.scalars(as: Double.self)
      let slope = zip(d, fine[1]).reduce(0) { $0 + $1.0 * $1.1 }
      expectClose([slope], [(above - below) / (2 * h)], relative: 1e-6)
    }
  }

  @Test("an impossible target costs infinity, or nothing, and has no gradient")
  func impossible() throws {
    let logits = Tensor.normal([2, 3, 4], dtype: .float64, key: RandomKey(seed: 1))
    try TestExecutor.cpu.run {
      for zero in [false, true] {
        let loss = CTCLoss(zeroInfinity: zero, reduction: .none)
        let values = try loss(logits, Self.targets).scalars(as: Double.self)
        #expect(values[1] == (zero ? 0 : .infinity))
        #expect(values[0] == (zero ? 0 : .infinity))
        let slope = try gradient(at: logits) { loss($0, Self.targets).sum() }
          .scalars(as: Double.self)
        #expect(slope.allSatisfy { $0 == 0 })
      }
    }
  }

  @Test("extreme logits give finite losses and gradients")
  func extreme() throws {
    let values = (0..<24).map { Double(($0 * 7) % 3 - 1) * 1e4 }
    try TestExecutor.cpu.run {
      for dtype in [DType.float32, .float64] {
        let x = Tensor(values, shape: [2, 3, 4], dtype: dtype)
        let targets = Tensor([1, 2] as [Int32], shape: [2, 1])
        let (loss, slopes) = valueAndGradients(at: [x]) { CTCLoss()($0[0], targets) }
        let numbers = try loss.scalars(as: Double.self) + slopes[0].scalars(as: Double.self)
        #expect(numbers.allSatisfy { $0.isFinite })
      }
    }
  }

  @Test("16-bit logits are read in float32")
  func narrow() throws {
    let x = Tensor.normal([2, 9, 4], key: RandomKey(seed: 9))
    try TestExecutor.cpu.run {
      let fine = try CTCLoss()(x, Self.targets).scalar(as: Double.self)
      for dtype in [DType.bfloat16, .float16] {
        let loss = CTCLoss()(x.converted(to: dtype), Self.targets)
        #expect(loss.dtype == dtype)
        try expectClose(loss, [fine], relative: 2e-2)
      }
    }
  }

  @Test("labels and lengths out of range are told when the loss is evaluated")
  func dataErrors() throws {
    let x = Tensor.normal([2, 4, 3], key: RandomKey(seed: 2))
    func reason(_ labels: [Int64], _ inputs: [Int64], _ lengths: [Int64]) -> String? {
      let loss = CTCLoss()(
        x, Tensor(labels, shape: [2, 2]), inputLengths: Tensor(inputs),
        targetLengths: Tensor(lengths))
      return TestExecutor.cpu.run {
        do throws(TensorError) {
          _ = try loss.scalar(as: Double.self)
          return nil
        } catch { return error.reason }
      }
    }
    #expect(reason([1, 2, 1, 2], [4, 4], [2, 2]) == nil)
    #expect(reason([1, 2, 1, 99], [4, 4], [2, 1]) == nil, "padding is not looked at")
    #expect(
      reason([1, 2, 1, 3], [4, 4], [2, 2])
        == "index 3 at position 3 is out of range: valid are 0..<3")
    #expect(
      reason([1, 2, -1, 1], [4, 4], [2, 2])
        == "index -1 at position 2 is out of range: valid are 0..<3")
    #expect(
      reason([1, 2, 1, 2], [4, 5], [2, 2])
        == "index 5 at position 1 is out of range: valid are 0..<5")
    #expect(
      reason([1, 2, 1, 2], [4, 4], [3, 2])
        == "index 3 at position 0 is out of range: valid are 0..<3")
  }

  @Test("refusals name shapes and settings")
  func refusals() {
    let x = standIn(.float32, [2, 5, 4])
    #expect(
      CTCLoss()(standIn(.float32, [5, 4]), Self.targets).error?.reason
        == "logits are [N, T, K], not [5, 4]")
    #expect(
      CTCLoss()(x, standIn(.int32, [3, 3])).error?.reason
        == "targets for [2, 5, 4] are i64[2, S], not i64[3, 3]")
    #expect(
      CTCLoss(blank: 4)(x, Self.targets).error?.reason
        == "blank 4 is not one of the 4 classes")
  }
}
