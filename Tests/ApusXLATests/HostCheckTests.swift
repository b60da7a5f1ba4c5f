import ApusNN
import ApusTraining
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("indices that the host fills") struct HostCheckTests {
  /// The message that a fit ends with.
  private func message(_ tokens: Tensor, _ labels: Tensor, ignored: Int?, on device: Device)
    -> String
  {
    do {
      let trainer = Trainer(
        SmallGPT(), loss: .crossEntropy(ignoredLabel: ignored), seed: 1, device: device)
      try trainer.fit(
        tokens, labels, epochs: 1, batchSize: 2, shuffles: false, progress: .silent,
        file: "App/Main.swift", line: 9)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test(
    "a bad token or label of a batch is told as the CPU executor tells it", .needsPlugin,
    arguments: [DType.int32, .int64])
  func parity(dtype: DType) throws {
    func tensor(_ last: Int64) -> Tensor {
      Tensor([0, 1, 2, 3, 4, 5, 10, last] as [Int64], shape: [2, 4]).converted(to: dtype)
    }
    for (token, label, ignored) in [(11, 3, nil), (3, 11, nil), (3, -2, -1), (3, -1, -1)] {
      let (tokens, labels) = (tensor(Int64(token)), tensor(Int64(label)))
      let expected = message(tokens, labels, ignored: ignored, on: .cpu)
      #expect(message(tokens, labels, ignored: ignored, on: .xla("cpu")) == expected)
      #expect((expected == "no error") == (label == -1))
    }
  }

  @Test("a program checks what it computes, not what the host has checked", .needsPlugin)
  func whereChecksAre() throws {
    let types = [TensorType(.float32, [5, 2]), TensorType(.uint8, [3]), TensorType(.int32, [3])]
    let places = types.map { Tensor.placeholder($0) }
    let wide = places[1].converted(to: .int32).reshaped(to: [3, 1])
    let outputs = [
      places[0].gathered(wide), places[0].gathered(places[2] + 1), places[0].gathered(wide),
    ]
    var options = CompileOptions()
    options.samples = [1, 2]
    let module = try StableHLOModule(
      Graph.capture(outputs, inputs: places).graph, options, XLAPlacement(.xla("cpu")),
      precision: "HIGHEST")
    #expect(module.checks.count == 1)
    #expect(module.hostChecks.map(\.input) == [1])
    let check = try #require(module.hostChecks.first)
    let bytes: [UInt8] = [0, 4, 5]
    let error = bytes.withUnsafeBytes { bytes in
      bytes.baseAddress.flatMap { check.error($0, types[1]) }
    }
    #expect(error?.reason == "index 5 at position 2 is out of range: valid are 0..<5")
  }

  @Test("indices count from the end where they may; what is ignored is good")
  func rules() {
    let end = IndexRule(extent: 4, countsFromEnd: true)
    let start = IndexRule(extent: 4, countsFromEnd: false, ignored: -100)
    #expect([-5, -4, -1, 0, 3, 4].map(end.allows) == [false, true, true, true, true, false])
    #expect([-100, -1, 0, 3, 4].map(start.allows) == [true, false, true, true, false])
  }
}
