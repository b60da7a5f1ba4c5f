import ApusCore
import ApusInterop
import ApusNN
import ApusTestSupport
import Foundation
import Testing

@Suite("model files") struct ModelFileTests {
  private let scratch = Scratch()

  private func model(_ widths: [Int] = [3, 2]) -> Sequential {
    Sequential {
      for width in widths { Dense(width) }
      BatchNorm()
    }
  }

  @Test("a model comes back, also into one that has not seen an input")
  func roundTrip() throws {
    let path = scratch.file("model.safetensors")
    try TestExecutor.cpu.run {
      let a = model()
      try a.build(TensorType(.float32, [1, 4]), seed: 3)
      try save(a, to: path, metadata: ["note": "x"])
      #expect(try Safetensors.metadata(of: path) == ["note": "x", "format": "pt"])
      let names = try Safetensors(contentsOf: path).entries.map(\.name)
      #expect(names.contains("2.running_var"))
      let b = model()
      try load(b, from: path)
      let c = model()
      try c.build(TensorType(.float32, [1, 4]), seed: 8)
      try load(c, from: path)
      for other in [b, c] {
        for (mine, theirs) in zip(a.parameters, other.parameters) {
          #expect(try mine.parameter.value.bytes() == theirs.parameter.value.bytes())
        }
      }
    }
  }

  @Test("missing, unexpected and mismatched names are listed in one error, and nothing changes")
  func strict() throws {
    let path = scratch.file("model.safetensors")
    try TestExecutor.cpu.run {
      let a = Sequential {
        Dense(3)
        Dense(2, useBias: false)
        Dense(5)
      }
      try a.build(TensorType(.float32, [1, 4]), seed: 3)
      try save(a, to: path)
      let b = Sequential {
        Dense(3)
        Dense(2)
        LayerNorm()
      }
      try b.build(TensorType(.float32, [1, 7]), seed: 3)
      let before = try b.parameters[1].parameter.value.bytes()
      let reason = """
        does not fit the model:
          mismatched: 0.weight is f32[3, 7] in the model, f32[3, 4] in the file
          missing: 1.bias f32[2]
          mismatched: 2.weight is f32[2] in the model, f32[5, 2] in the file
          mismatched: 2.bias is f32[2] in the model, f32[5] in the file
        """
      #expect(throws: FileError(path: path, reason: reason)) { try load(b, from: path) }
      #expect(try b.parameters[1].parameter.value.bytes() == before)
      let c = Sequential {
        Dense(3)
        Dense(2, useBias: false)
      }
      #expect(
        throws: FileError(
          path: path,
          reason: "does not fit the model:\n  unexpected: 2.weight f32[5, 2]\n"
            + "  unexpected: 2.bias f32[5]")
      ) { try load(c, from: path) }
    }
  }

  @Test("a model without shapes cannot be saved")
  func unbuilt() {
    #expect(throws: TensorError.self) {
      try save(Sequential { Dense(3) }, to: scratch.file("model.safetensors"))
    }
  }

  @Test("names are mapped on saving and loading; a lenient load reports what did not fit")
  func renamed() throws {
    let path = scratch.file("model.safetensors")
    try TestExecutor.cpu.run {
      let a = model([3, 2])
      try a.build(TensorType(.float32, [1, 4]), seed: 3)
      try save(a, to: path, renaming: .replacingPrefix("", with: "bert"))
      let names = try Safetensors(contentsOf: path).entries.map(\.name)
      #expect(names.contains("bert.0.weight") && names.allSatisfy { $0.hasPrefix("bert.") })
      #expect(throws: FileError.self) { try load(model([3, 2]), from: path) }
      let b = model([3, 2])
      #expect(try load(b, from: path, renaming: .below("bert")).isComplete)
      for (mine, theirs) in zip(a.parameters, b.parameters) {
        #expect(try mine.parameter.value.bytes() == theirs.parameter.value.bytes())
      }
      let c = model([3, 5])
      try c.build(TensorType(.float32, [1, 4]), seed: 3)
      let report = try load(c, from: path, renaming: .below("bert"), strict: false)
      #expect(report.matched == ["0.weight", "0.bias", "2.num_batches_tracked"])
      #expect(report.mismatched.count == 6)
      #expect(throws: FileError.self) { try load(c, from: path, renaming: .below("bert")) }
      #expect(try load(c, from: path, renaming: .below("bert"), matching: "0.*").isComplete)
      #expect(throws: TensorError.self) {
        try save(a, to: path, renaming: PathRenaming { _ in "same" })
      }
    }
  }

  @Test("tied weights are saved once")
  func tied() throws {
    let path = scratch.file("model.safetensors")
    try TestExecutor.cpu.run {
      let shared = Dense(4)
      let a = Sequential([shared, shared])
      try a.build(TensorType(.float32, [1, 4]), seed: 3)
      try save(a, to: path)
      #expect(try Safetensors(contentsOf: path).entries.map(\.name) == ["0.weight", "0.bias"])
    }
  }
}
