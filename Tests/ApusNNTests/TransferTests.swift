import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

@testable import ApusNN

private final class Old: Layer {
  let backbone = Sequential {
    Dense(4)
    BatchNorm()
  }
  let cls = Dense(10)
  func forward(_ x: Tensor, _ context: Context) -> Tensor { cls(backbone(x)) }
}

private final class New: Layer {
  let encoder = Sequential {
    Dense(4)
    BatchNorm()
  }
  let head = Dense(3)
  let extra = Parameter(Tensor([1, 2] as [Float]))
  func forward(_ x: Tensor, _ context: Context) -> Tensor { head(encoder(x)) }
}

@Suite("transfer of weights") struct TransferTests {
  private let type = TensorType(.float32, [2, 5])
  private let renaming = PathRenaming.replacingPrefix("backbone", with: "encoder")
    .then(.replacingPrefix("cls", with: "head"))

  @Test("a report tells what matched, what was missing and what had another shape")
  func report() throws {
    try TestExecutor.cpu.run {
      let (old, new) = (Old(), New())
      try old.build(type, seed: 1)
      try new.build(type, seed: 2)
      let before = try new.namedTensors().map { try $0.tensor.bytes() }
      let error = #expect(throws: TransferError.self) {
        try new.load(from: old, renaming: renaming, file: "App/M.swift", line: 9)
      }
      #expect(
        error?.description == """
          transfer: the weights do not fit the model: 7 of 10 matched, 1 missing, 2 mismatched, \
          0 unexpected
            mismatched: head.weight is f32[3, 4] in the model, f32[10, 4] in the source
            mismatched: head.bias is f32[3] in the model, f32[10] in the source
            missing: extra f32[2]
            called at App/M.swift:9
          """)
      #expect(try new.namedTensors().map { try $0.tensor.bytes() } == before)
      let report = try new.load(from: old, renaming: renaming, strict: false)
      #expect(report == error?.report)
      #expect(report.missing == ["extra"])
      #expect(report.mismatched == ["head.weight", "head.bias"])
      #expect(report.matched.count == 7 && !report.isComplete)
      try expectSameBits(
        [new.encoder.parameters[0].parameter.value], [old.backbone.parameters[0].parameter.value])
      let unnamed = try new.load(from: old, strict: false)
      #expect(unnamed.matched.isEmpty && unnamed.unexpected.count == 9)
      #expect(unnamed.unexpected[0].name == "backbone.0.weight")
      let part = try new.load(from: old, renaming: renaming, matching: "encoder.**")
      #expect(part.isComplete && part.entries.count == 7)
    }
  }

  @Test("models share nothing afterwards; one that has seen no input takes shapes")
  func independent() throws {
    try TestExecutor.cpu.run {
      let (a, b) = (Old(), Old())
      try a.build(type, seed: 1)
      #expect(try b.load(from: a).isComplete)
      #expect(b.parameterCount == a.parameterCount)
      let before = try a.cls.weight.value.bytes()
      try b.cls.weight.assign(b.cls.weight.value * 2)
      #expect(try a.cls.weight.value.bytes() == before)
      #expect(try b.cls.weight.value.bytes() != before)
      b.setTrainable(false)
      #expect(a.trainableParameterCount == a.parameterCount)
    }
  }

  @Test("names are mapped by prefixes, tables, patterns and closures")
  func renamings() {
    #expect(renaming("backbone.0.weight") == "encoder.0.weight")
    #expect(renaming("backbones.0.weight") == "backbones.0.weight")
    #expect(PathRenaming.replacingPrefix("", with: "model")("a.b") == "model.a.b")
    #expect(PathRenaming.replacingPrefix("model", with: "")("model.a.b") == "a.b")
    #expect(PathRenaming.below("bert")("bert.a.b") == "a.b")
    #expect(PathRenaming.below("bert")("other.a") == nil)
    #expect(PathRenaming.below("bert")("bert") == nil)
    #expect(PathRenaming.table(["a": "b"])("a") == "b")
    #expect(PathRenaming.dropping("**.num_batches_tracked")("bn.num_batches_tracked") == nil)
    #expect(PathRenaming { $0.uppercased() }("a.b") == "A.B")
    #expect(PathRenaming.below("x").then(.none)("y.z") == nil)
    for path in ["", ".", "..", "a..b"] {
      _ = PathRenaming.below(path)(path)
      _ = PathRenaming.replacingPrefix(path, with: path)(path)
    }
  }

  @Test("two names that become one are told, and not taken silently")
  func collisions() throws {
    try TestExecutor.cpu.run {
      let source = Sequential {
        Dense(5)
        Dense(5)
      }
      try source.build(type, seed: 1)
      let target = Sequential { Dense(5) }
      let merge = PathRenaming.replacingPrefix("1", with: "0")
      let report = try target.load(from: source, renaming: merge, strict: false)
      #expect(report.colliding == ["0.weight", "0.bias"])
      #expect(throws: TransferError.self) { try target.load(from: source, renaming: merge) }
      #expect(throws: TensorError.self) { try source.namedTensors(renaming: merge) }
    }
  }

  @Test("bad sources give errors")
  func bad() throws {
    TestExecutor.cpu.run {
      var bad = BadInput()
      for operand in BadInput.operands {
        bad.attempt("load \(operand.name)") {
          let source = Sequential { Scale(operand.tensor) }
          try Sequential { Scale(Tensor([1, 2])) }.load(from: source)
        }
      }
      bad.attempt("load unbuilt") { try Dense(2).load(from: Dense(2)) }
      #expect(bad.refusals > bad.calls - 3)
      print("bad input: transfer: \(bad.calls) calls, \(bad.refusals) refused")
    }
  }
}

private final class Scale: Layer {
  let weight: Parameter
  init(_ value: Tensor) { weight = Parameter(value) }
  func forward(_ x: Tensor, _ context: Context) -> Tensor { x * weight.value }
}
