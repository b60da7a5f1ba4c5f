/// How much is put around the spatial axes of an operand before windows slide over it.
public enum Padding: Sendable, Hashable {
  /// Nothing: windows stay inside.
  case valid
  /// So much that the result has `⌈extent / stride⌉` elements; an odd one goes to the high end.
  case same
  /// The amounts before and after each spatial axis; one pair stands for all axes.
  case explicit([(Int, Int)])

  /// The same amount at both ends of every spatial axis.
  public static func symmetric(_ amount: Int) -> Padding { .explicit([(amount, amount)]) }

  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.valid, .valid), (.same, .same): true
    case (.explicit(let a), .explicit(let b)): a.elementsEqual(b, by: ==)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .valid: hasher.combine(0)
    case .same: hasher.combine(1)
    case .explicit(let pairs):
      for (low, high) in pairs {
        hasher.combine(low)
        hasher.combine(high)
      }
    }
  }
}
