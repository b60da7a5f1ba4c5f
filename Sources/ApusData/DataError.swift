/// One refusal of data from outside: a file, a table, a label, a download.
///
/// Facts are kept apart from wording, so that programs can switch over `fact` and people read
/// `description`.
public struct DataError: Error, Hashable, Sendable {
  /// Where the data came from: a path, or a name such as `"embedded iris.csv"`.
  public let source: String

  /// What is wrong with it.
  public let fact: Fact

  public init(_ source: String, _ fact: Fact) {
    self.source = source
    self.fact = fact
  }
}

extension DataError {
  /// What can be wrong with data.
  public enum Fact: Hashable, Sendable {
    /// The operating system refused `action` for `reason`.
    case refused(action: String, reason: String)

    /// The first bytes are not those of `format`.
    case foreign(format: String, found: [UInt8])

    /// The data ends before what `claim` promises; `available` bytes are there.
    case truncated(claim: String, available: Int)

    /// `count` bytes follow the end of the data.
    case trailing(count: Int)

    /// The data is well formed as far as known, but uses something that is not read or written.
    case unsupported(String)

    /// The data contradicts its own format.
    case corrupt(String)

    /// A check value differs.
    case checksum(what: String, expected: String, found: String)

    /// A library that is looked up at run time is missing.
    case missingLibrary(String, neededFor: String)

    /// One cell of a table cannot be used. Rows count from 1, without the header.
    case cell(row: Int, column: String, problem: String)

    /// One row of a table cannot be used. Rows count from 1, without the header.
    case row(Int, problem: String)

    /// A name is not among those present.
    case unknown(kind: String, name: String, known: [String])

    /// Arguments or tensors do not fit together.
    case mismatch(String)
  }
}
