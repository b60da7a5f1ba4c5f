import ApusCore
import ApusInterop
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// PyTorch's modules as files of named tensors: every name must be known, none left over, and the
/// outputs PyTorch's.
@Suite("published names") struct PublishedNamesTests {
  /// Writes a golden's last inputs under their names, reads them strictly and compares the outputs.
  private func check(
    _ golden: GoldenCase, names: [String], _ module: any Module,
    _ call: ([Tensor]) -> [Tensor]
  ) throws {
    let path = NSTemporaryDirectory() + "apus-names-" + UUID().uuidString + ".safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tensors = golden.inputs.map(\.tensor)
    let data = Array(tensors.dropLast(names.count))
    let values = tensors.suffix(names.count)
    #expect(names.count > 0 && !data.isEmpty)
    // Another order than the module's: names decide.
    let entries = zip(names, values).reversed().map { Safetensors.Entry(name: $0, tensor: $1) }
    try Safetensors(entries, metadata: ["format": "pt"]).write(to: path)
    try TestExecutor.cpu.run {
      try load(module, from: path)
      for (output, expected) in zip(call(data), golden.outputs) {
        try expectClose(
          output, expected.values, shape: Shape(expected.shape), absolute: 1e-11, relative: 1e-9,
          "\(golden)")
      }
      #expect(Set(try module.namedTensors().map(\.name)) == Set(names))
      let less = Safetensors(entries.dropLast(), metadata: [:])
      try less.write(to: path)
      #expect(throws: FileError.self) { try load(module, from: path) }
    }
  }

  private func options(_ golden: GoldenCase) -> TransformerOptions {
    TransformerOptions(
      width: golden.int("width"), heads: golden.int("heads"), hidden: golden.int("hidden"),
      activation: golden.word("activation") == "relu" ? .relu : .gelu,
      normFirst: golden.truth("normFirst"))
  }

  @Test(
    "encoder, decoder and both together of a Transformer",
    arguments: ["encoderLayer", "decoderLayer", "encoder", "decoder", "transformer"])
  func transformers(_ op: String) throws {
    let cases = try goldens("transformers").filter { $0.op == op }
    #expect(cases.count >= 2)
    for golden in cases {
      let (options, layers) = (options(golden), golden.int("layers"))
      let names = golden.word("variables").split(separator: ",").map(String.init)
      switch op {
      case "encoderLayer":
        let module = TransformerEncoderLayer(options)
        try check(golden, names: names, module) { [module($0[0])] }
      case "decoderLayer":
        let module = TransformerDecoderLayer(options)
        try check(golden, names: names, module) { [module($0[0], memory: $0[1])] }
      case "encoder":
        let module = TransformerEncoder(options, layers: layers)
        try check(golden, names: names, module) { [module($0[0], mask: .keys($0[1] .> 0))] }
      case "decoder":
        let module = TransformerDecoder(options, layers: layers)
        try check(golden, names: names, module) { [module($0[0], memory: $0[1])] }
      default:
        let module = Transformer(options, encoderLayers: layers, decoderLayers: layers)
        try check(golden, names: names, module) {
          [module($0[0], target: $0[1], sourceKeys: $0[2] .> 0)]
        }
      }
    }
  }

  @Test("stacked and bidirectional recurrent layers", arguments: ["rnn", "lstm", "gru"])
  func recurrent(_ op: String) throws {
    let cases = try (goldens("recurrent") + goldens("recurrentStacks")).filter {
      $0.op == op && $0.ints("lengths").isEmpty
    }
    #expect(cases.contains { $0.truth("bidirectional") } && cases.contains { $0.int("layers") > 1 })
    for golden in cases {
      let names = golden.word("parameters").split(separator: " ").map(String.init)
      let layer = layer(golden)
      try check(golden, names: names, layer) { data in
        let state = RecurrentState(
          hidden: data.count > 1 ? data[1] : data[0], cell: data.count > 2 ? data[2] : nil)
        let result = layer.run(data[0], from: golden.truth("state") ? state : nil)
        return [result.output, result.state.hidden] + [result.state.cell].compactMap { $0 }
      }
    }
  }

  private func layer(_ golden: GoldenCase) -> any RecurrentLayer {
    let (units, layers) = (golden.int("units"), golden.int("layers"))
    let merge: DirectionMerge? = golden.truth("bidirectional") ? .concatenate : nil
    let layout: SequenceLayout = golden.truth("batchFirst") ? .batchFirst : .timeFirst
    let useBias = golden.truth("bias")
    switch golden.op {
    case "lstm":
      return LSTM(
        units, layers: layers, bidirectional: merge, returnsSequences: true, layout: layout,
        useBias: useBias)
    case "gru":
      return GRU(
        units, layers: layers, bidirectional: merge, returnsSequences: true, layout: layout,
        useBias: useBias)
    default:
      return RNN(
        units, layers: layers,
        activation: RecurrentActivation(rawValue: golden.word("activation")) ?? .tanh,
        bidirectional: merge, returnsSequences: true, layout: layout, useBias: useBias)
    }
  }
}
