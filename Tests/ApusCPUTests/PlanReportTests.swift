import ApusTestSupport
import Testing

@testable import ApusCPU
@testable import ApusCore

@Suite("what plans tell about themselves") struct PlanReportTests {
  /// Own kernels on one thread: the same plan on every machine.
  private let configuration = CPUConfiguration(
    threads: 1, isDeterministic: false, usesOneDNN: false, isProfiling: false)

  private func report(
    _ types: [TensorType], donations: [Int: Int] = [:], _ function: ([Tensor]) -> [Tensor]
  ) throws -> PlanReport {
    var options = CompileOptions()
    options.donations = donations
    let plan = try CPUExecutor(configuration).compile(
      graph(of: function, on: types), options: options)
    return try #require(plan.report)
  }

  @Test("a product and a fused program, counted by hand")
  func scaled() throws {
    let types = [
      TensorType(.float32, [8, 16]), TensorType(.float32, [16, 32]), TensorType(.float32, [32]),
    ]
    let found = try report(types) { [(matmul($0[0], $0[1]) * $0[2]).tanh()] }
    let numbers = found.statistics
    #expect(numbers.kernels == 2)
    #expect(numbers.programs == 1)
    #expect(numbers.instructions == 2)
    #expect(numbers.multiplyAdds == 8 * 16 * 32)
    let (x, w, s, y) = (8 * 16 * 4, 16 * 32 * 4, 32 * 4, 8 * 32 * 4)
    // The program reads the product and the scale, which repeats but is read once.
    #expect(numbers.bytesRead == x + w + y + s)
    #expect(numbers.bytesWritten == y + y)
    #expect(numbers.unavoidableBytes == x + w + s + y)
    #expect(numbers.copies == 0)
    #expect(numbers.stridedReads == 1)
    let program = found.kernels[1].program
    #expect(program.count == 5, "\(program)")
    #expect(program.contains { $0.hasSuffix("every 32") }, "\(program)")
    #expect(program.contains("r3 = tanh r2"), "\(program)")
  }

  @Test("a copy, a slice and a gather touch their elements alone")
  func parts() throws {
    let table = TensorType(.float32, [1000, 8])
    let found = try report([table, TensorType(.int32, [5])]) {
      [$0[0].gathered($0[1], axis: 0), $0[0].sliced(axis: 0, to: 10)]
    }
    let numbers = found.statistics
    #expect(numbers.kernels == 2)
    #expect(numbers.copies == 1)
    #expect(numbers.bytesRead == 5 * 8 * 4 + 5 * 4 + 10 * 8 * 4)
    #expect(numbers.bytesWritten == 5 * 8 * 4 + 10 * 8 * 4)
    #expect(numbers.unavoidableBytes == numbers.bytesMoved)
  }

  @Test("a result in the place of an input is counted as shared, read and written")
  func inPlace() throws {
    let type = TensorType(.float32, [64])
    let found = try report([type, type], donations: [0: 0]) { [$0[0] - $0[1] * 0.5] }
    let numbers = found.statistics
    #expect(numbers.kernels == 1)
    #expect(numbers.inPlaceShares == 1)
    #expect(numbers.bytesRead == 2 * 256)
    #expect(numbers.bytesWritten == 256)
    #expect(numbers.unavoidableBytes == 3 * 256)
    #expect(numbers.arenaBytes == 0)
  }

  @Test("an optimizer's kernel reads what it updates")
  func update() throws {
    let type = TensorType(.float32, [100])
    let found = try report(
      [type, type, type, TensorType(.float32, [2])], donations: [0: 0, 1: 1]
    ) { x in
      let moved = sgdMomentumUpdate(
        x[0], gradient: x[2], velocity: x[1], scalars: x[3], momentum: 0.9)
      return [moved.parameter, moved.velocity]
    }
    let numbers = found.statistics
    #expect(numbers.kernels == 1)
    #expect(numbers.bytesRead == 3 * 400 + 8)
    #expect(numbers.bytesWritten == 2 * 400)
    #expect(numbers.unavoidableBytes == numbers.bytesMoved)
  }

  @Test("a loop counts with the kernels and bytes of all its steps")
  func loop() throws {
    let found = try report([TensorType(.float32, [7, 4]), TensorType(.float32, [4])]) { x in
      let result = scan(initial: [x[1]], over: [x[0]]) { state, row in
        ([state[0] * 0.5 + row[0]], [])
      }
      return [result.carry[0]]
    }
    let numbers = found.statistics
    #expect(found.kernels.count { !$0.body.isEmpty } == 1)
    #expect(numbers.kernels == 7)
    #expect(numbers.bytesRead == 7 * 2 * 16)
    #expect(numbers.bytesWritten == 7 * 16)
  }

  @Test("lifetimes and places of buffers do not overlap in the arena")
  func lifetimes() throws {
    let types = Array(repeating: TensorType(.float32, [32, 32]), count: 3)
    let found = try report(types) { x in
      var y = x[0]
      for _ in 0..<6 { y = matmul(matmul(y, x[1]).tanh(), x[2]) }
      return [y.sum()]
    }
    let placed = found.buffers.filter { $0.offset != nil && $0.sharesMemoryOf == nil }
    #expect(placed.count > 3)
    for (index, a) in placed.enumerated() {
      for b in placed[(index + 1)...] {
        guard let firstA = a.firstUse, let lastA = a.lastUse, let firstB = b.firstUse,
          let lastB = b.lastUse, let offsetA = a.offset, let offsetB = b.offset
        else { continue }
        let meetInTime = firstA <= lastB && firstB <= lastA
        let meetInSpace = offsetA < offsetB + b.bytes && offsetB < offsetA + a.bytes
        #expect(!(meetInTime && meetInSpace), "\(a) and \(b)")
      }
    }
    #expect(placed.allSatisfy { ($0.offset ?? 0) + $0.bytes <= found.arenaBytes })
  }

  @Test("times are told where they are measured, and only there")
  func times() throws {
    let type = TensorType(.float32, [4096])
    let found = try graph(of: { [($0[0].exp() + 1).log()] }, on: [type])
    for isProfiling in [false, true] {
      var configuration = configuration
      configuration.isProfiling = isProfiling
      let plan = try CPUExecutor(configuration).compile(found, options: CompileOptions())
      let (x, y) = (try allocate(type), try allocate(type))
      _ = try x.withUnsafeMutableBytes { $0.initializeMemory(as: UInt8.self, repeating: 0) }
      for _ in 0..<3 { try run(plan, [x, y]) }
      let report = try #require(plan.report)
      #expect(report.runs == (isProfiling ? 3 : 0))
      #expect((report.kernels[0].nanoseconds > 0) == isProfiling)
    }
  }
}
