import ApusNN
import Foundation
import Testing

@testable import ApusCore
@testable import ApusXLA

@Suite("XLA execution", .needsPlugin) struct ExecutionTests {
  @Test("arguments come back through a program unchanged")
  func roundTrip() throws {
    let x = Tensor([1.5, -2, .infinity] as [Float])
    let trace = compile { [$0[0], $0[1]] }
    let y = try XLATestDevice.run { try trace(x, Tensor([7] as [Int64])) }
    #expect(try y[0].scalars(as: Float.self) == [1.5, -2, .infinity])
    #expect(try y[1].scalars(as: Int64.self) == [7])
  }

  @Test("results stay on the device until they are read")
  func staysOnDevice() throws {
    let x = Tensor([1, 2] as [Float])
    let y = x + x
    try XLATestDevice.run { try eval(y) }
    let storage = try y.evaluatedStorage()
    #expect(storage.deviceElements != nil)
    // An operand of another run does not travel over the host.
    let z = try XLATestDevice.run { try (y * y).scalars(as: Float.self) }
    #expect(z == [4, 16])
    // A plan of the processor fetches it.
    #expect(try (y + 1).scalars(as: Float.self) == [3, 5])
  }

  @Test("state moves on in place, and a tensor that somebody holds does not change")
  func state() throws {
    try XLATestDevice.run {
      let counter = try StatefulFunction(state: [Tensor([0, 10] as [Float])]) { state, inputs in
        ([state[0] + inputs[0]], [state[0] * 2])
      }
      let one = Tensor([1, 1] as [Float])
      #expect(try counter([one])[0].scalars(as: Float.self) == [0, 20])
      let held = counter.state[0]
      for _ in 0..<5 { _ = try counter([one]) }
      #expect(try held.scalars(as: Float.self) == [1, 11])
      #expect(try counter.state[0].scalars(as: Float.self) == [6, 16])
    }
  }

  @Test("state that a device had moves on in memory of the host, and back")
  func changesPlace() throws {
    let counter = try StatefulFunction(state: [Tensor([0, 10] as [Float])]) { state, inputs in
      ([state[0] + inputs[0]], [])
    }
    let one = Tensor([1, 1] as [Float])
    _ = try XLATestDevice.run { try counter([one]) }
    var held: [Tensor] = []
    // Somebody reads each state: the next call works on a copy.
    for _ in 0..<3 {
      _ = try counter([one])
      held.append(counter.state[0])
    }
    #expect(try counter.state[0].scalars(as: Float.self) == [4, 14])
    _ = try XLATestDevice.run { try counter([one]) }
    #expect(try counter.state[0].scalars(as: Float.self) == [5, 15])
    #expect(try held.map { try $0.scalars(as: Float.self)[0] } == [2, 3, 4])
  }

  @Test("the text of a program is written where one asks for it")
  func dump() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    ProgramDump.write("module", to: folder.appending(path: "deep"))
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    let file = try #require(files.first { $0.hasSuffix(".mlir") })
    #expect(try String(contentsOf: folder.appending(path: file), encoding: .utf8) == "module")
    // A file is no folder: told, and nothing else.
    ProgramDump.write("module", to: folder.appending(path: file))
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == files)
  }

  @Test("an index out of range is told once and leaves state as it was")
  func dataError() throws {
    try XLATestDevice.run {
      let table = Tensor([1, 2, 3] as [Float])
      let sum = try StatefulFunction(state: [Tensor([0] as [Float])]) { state, inputs in
        ([state[0] + table.gathered(inputs[0])], [])
      }
      _ = try sum([Tensor([2] as [Int32])])
      _ = try sum([Tensor([5] as [Int32])])
      let error = #expect(throws: TensorError.self) { _ = try sum([Tensor([1] as [Int32])]) }
      #expect(
        error?.reason == "index 5 at position 0 is out of range: valid are 0..<3")
      _ = try sum([Tensor([-1] as [Int32])])
      #expect(try sum.state[0].scalars(as: Float.self) == [6])
      let bad = table.gathered(Tensor([0, -4] as [Int32]))
      for _ in 0..<2 {
        let told = #expect(throws: TensorError.self) { _ = try bad.scalars(as: Float.self) }
        #expect(told?.operation == "gather")
        #expect(
          told?.reason == "index -4 at position 1 is out of range: valid are 0..<3")
      }
    }
  }

  @Test("NaN is traced to the operation that gave it")
  func watching() throws {
    let x = Tensor([1, -1] as [Float])
    let error = #expect(throws: TensorError.self) {
      try XLATestDevice.run {
        try Debugging.$watchesNonFinite.withValue(true) {
          _ = try ((x * 2).log() + 1).scalars(as: Float.self)
        }
      }
    }
    #expect(error?.operation == "log")
    #expect(error?.reason == "gave nan at position 1 of tensor<2xf32>")
  }

  @Test("runs from several tasks do not disturb each other")
  func tasks() async throws {
    let square = compile { [matmul($0[0], $0[0])] }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for seed in 0..<8 {
        group.addTask {
          let x = Tensor.normal([9, 9], key: RandomKey(seed: seed))
          let y = try XLATestDevice.run { try square(x)[0].scalars(as: Float.self) }
          let expected = try square(x)[0].scalars(as: Float.self)
          return zip(y, expected).allSatisfy { abs($0 - $1) < 1e-4 }
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }
}
