/// What a plan costs, in numbers that do not depend on the moment.
///
/// They grow when a fusion is lost, a copy creeps in or memory is no longer shared, long before a
/// noisy clock shows it.
public struct PlanStatistics: Sendable, Hashable, Codable {
  /// Kernels that a run calls.
  public var kernels = 0
  /// Kernels that only run when weights have changed; they count in none of the other numbers.
  public var standingKernels = 0
  /// Those of them that are fused programs.
  public var programs = 0
  /// Instructions that compute in all programs.
  public var instructions = 0
  /// Kernels that do nothing but move elements.
  public var copies = 0
  /// Operands that are not read one element after the other.
  public var stridedReads = 0
  /// Results that take over the memory of what they replace.
  public var inPlaceShares = 0
  /// Bytes of the block that holds all values between kernels.
  public var arenaBytes = 0
  /// Bytes that kernels read and write, each element once per kernel.
  public var bytesRead = 0
  public var bytesWritten = 0
  /// Bytes that any plan has to move: what is used of the inputs once, the outputs once.
  public var unavoidableBytes = 0
  /// Multiplications with an addition in matrix products and convolutions.
  public var multiplyAdds = 0

  public init() {}

  /// Every number with its name.
  public var figures: [(name: String, value: Int)] {
    [
      ("kernels", kernels), ("standing kernels", standingKernels), ("fused programs", programs),
      ("instructions", instructions), ("copies", copies), ("strided reads", stridedReads),
      ("in-place shares", inPlaceShares), ("arena bytes", arenaBytes), ("bytes read", bytesRead),
      ("bytes written", bytesWritten), ("unavoidable bytes", unavoidableBytes),
      ("multiply-adds", multiplyAdds),
    ]
  }

  /// Bytes read and bytes written.
  public var bytesMoved: Int { bytesRead + bytesWritten }
}

extension PlanReport {
  /// The plan in numbers.
  public var statistics: PlanStatistics {
    var result = PlanStatistics()
    for kernel in kernels where !kernel.isStanding { result.add(kernel, times: 1) }
    result.standingKernels = kernels.count { $0.isStanding }
    result.inPlaceShares = buffers.count { $0.sharesMemoryOf != nil }
    result.arenaBytes = arenaBytes
    result.unavoidableBytes = unavoidableBytes
    return result
  }

  /// Bytes of inputs that are read and of outputs that are written, each once; what stands is an
  /// input.
  private var unavoidableBytes: Int {
    var read = Array(repeating: 0, count: buffers.count)
    var written = read
    var isInput = buffers.map { [.input, .output, .constant].contains($0.role) }
    for kernel in kernels where kernel.isStanding {
      for access in kernel.writes { isInput[home(access.buffer)] = true }
    }
    for kernel in kernels where !kernel.isStanding {
      for access in kernel.reads { read[home(access.buffer)] += access.bytes }
      for access in kernel.writes { written[home(access.buffer)] += access.bytes }
    }
    return buffers.indices.reduce(0) { sum, index in
      let limit = isInput[index] ? buffers[index].bytes : 0
      return sum + min(read[index], limit) + min(written[index], limit)
    }
  }

  /// The buffer whose memory another one lies in.
  private func home(_ buffer: Int) -> Int {
    var buffer = buffer
    while let next = buffers[buffer].sharesMemoryOf { buffer = next }
    return buffer
  }
}

extension PlanStatistics {
  fileprivate mutating func add(_ kernel: PlanReport.Kernel, times: Int) {
    multiplyAdds += times * (kernel.body.isEmpty ? kernel.multiplyAdds : 0)
    for inner in kernel.body { add(inner, times: times * kernel.repeats) }
    guard kernel.body.isEmpty else { return }
    kernels += times
    programs += kernel.isProgram ? times : 0
    instructions += times * kernel.instructionCount
    copies += kernel.isCopy ? times : 0
    stridedReads += times * kernel.reads.count { $0.layout != PlanReport.Access.inOrder }
    bytesRead += times * kernel.bytesRead
    bytesWritten += times * kernel.bytesWritten
  }
}

extension PlanStatistics: CustomStringConvertible {
  /// One line a number.
  public var description: String {
    let ratio = unavoidableBytes > 0 ? Double(bytesMoved) / Double(unavoidableBytes) : 0
    let tenths = Int((ratio * 10).rounded())
    let standing = standingKernels > 0 ? "; when weights change \(standingKernels) more" : ""
    return """
      kernels         \(kernels), of them \(programs) fused programs of \(instructions) \
      instructions\(standing)
      copies          \(copies)
      strided reads   \(stridedReads)
      in place        \(inPlaceShares)
      arena           \(arenaBytes) bytes
      bytes moved     \(bytesMoved): \(bytesRead) read, \(bytesWritten) written
      unavoidable     \(unavoidableBytes) bytes, moved \(tenths / 10).\(tenths % 10) times
      multiply-adds   \(multiplyAdds)
      """
  }
}
