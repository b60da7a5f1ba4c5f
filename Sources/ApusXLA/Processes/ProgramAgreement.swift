import ApusCore
import Synchronization

/// Makes sure that all processes of a group run the same programs in the same order: where one runs
/// another, all would wait for it without end.
final class ProgramAgreement: Sendable {
  private let exchange: ProcessExchange
  private let count = Mutex(0)

  /// A process that compiles for long, or has ended, is the launcher's matter.
  private static let patience = 86_400

  init(_ exchange: ProcessExchange) { self.exchange = exchange }

  /// Compares the next program of this process with those of the others.
  ///
  /// - Throws: Which process runs another one.
  func check(_ text: String, _ options: [UInt8]) throws(TensorError) {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let sums = ([1, 2] as [UInt64]).map { seed in
      var sum = Checksum(seed: seed)
      sum.add(options)
      sum.add(Array(text.utf8))
      return String(sum.value, radix: 16)
    }
    let told = try exchange.tell(
      Array("\(text.utf8.count) \(sums[0]) \(sums[1])".utf8), about: "program/\(number)",
      within: Self.patience)
    guard let other = told.firstIndex(where: { $0 != told[0] }) else { return }
    throw TensorError(
      operation: "processes",
      reason: "program \(number) of process \(other) is not that of process 0: all processes must "
        + "make the same calls with shapes and settings that are the same")
  }
}
