import ApusCore

extension Activation {
  /// `x` where positive, else `slope · x`.
  public static func leakyRelu(slope: Double = 0.01) -> Activation {
    Activation("leakyRelu(\(slope))") { $0.leakyRelu(slope: slope) }
  }
  /// `x` where positive, else `alpha · (eˣ − 1)`.
  public static func elu(alpha: Double) -> Activation {
    Activation("elu(\(alpha))") { $0.elu(alpha: alpha) }
  }
  /// `x` where positive, else `alpha · (e^(x/alpha) − 1)`.
  public static func celu(alpha: Double = 1) -> Activation {
    Activation("celu(\(alpha))") { $0.celu(alpha: alpha) }
  }
  /// `log(1 + e^(beta·x)) / beta`.
  public static func softplus(beta: Double) -> Activation {
    Activation("softplus(\(beta))") { $0.softplus(beta: beta) }
  }
  /// `x` limited to a range.
  public static func hardTanh(_ range: ClosedRange<Double> = -1...1) -> Activation {
    Activation("hardTanh(\(range.lowerBound), \(range.upperBound))") { $0.hardTanh(range) }
  }
  /// `x` where `|x|` is above the limit, else 0.
  public static func hardShrink(_ limit: Double = 0.5) -> Activation {
    Activation("hardShrink(\(limit))") { $0.hardShrink(limit) }
  }
  /// `x` brought nearer to 0 by the limit.
  public static func softShrink(_ limit: Double = 0.5) -> Activation {
    Activation("softShrink(\(limit))") { $0.softShrink(limit) }
  }
  /// `x` where it is above the limit, else `value`.
  public static func threshold(_ limit: Double = 0, else value: Double = 0) -> Activation {
    Activation("threshold(\(limit), \(value))") { $0.thresholded(above: limit, else: value) }
  }
  /// Softmax over an axis.
  public static func softmax(axis: Int) -> Activation {
    Activation("softmax(\(axis))") { $0.softmax(axis: axis) }
  }
  /// The logarithm of the softmax over an axis.
  public static func logSoftmax(axis: Int) -> Activation {
    Activation("logSoftmax(\(axis))") { $0.logSoftmax(axis: axis) }
  }

  /// Creates the activation that prints as `name`, such as `relu` or `leakyRelu(0.2)`; `nil` where
  /// there is none of that name with such settings.
  ///
  /// Functions with settings may be named without: `celu` is `celu(1.0)`.
  public init?(named name: String) {
    let parts = name.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    let word = String(parts[0])
    var settings: [Double] = []
    if parts.count == 2 {
      guard parts[1].hasSuffix(")") else { return nil }
      for text in parts[1].dropLast().split(separator: ",", omittingEmptySubsequences: false) {
        guard let number = Double(text.drop { $0 == " " }) else { return nil }
        settings.append(number)
      }
    }
    guard let found = Self.named(word, settings) else { return nil }
    self = found
  }

  private static func named(_ word: String, _ settings: [Double]) -> Activation? {
    switch settings.count {
    case 0: all.first { $0.name.prefix { $0 != "(" } == word }
    case 1: single[word]?(settings[0])
    case 2: pairs[word]?(settings[0], settings[1])
    default: nil
    }
  }

  private static let single: [String: @Sendable (Double) -> Activation?] = [
    "leakyRelu": { .leakyRelu(slope: $0) }, "elu": { .elu(alpha: $0) },
    "celu": { .celu(alpha: $0) }, "softplus": { .softplus(beta: $0) },
    "hardShrink": { .hardShrink($0) }, "softShrink": { .softShrink($0) },
    "softmax": { Int(exactly: $0).map { .softmax(axis: $0) } },
    "logSoftmax": { Int(exactly: $0).map { .logSoftmax(axis: $0) } },
  ]

  private static let pairs: [String: @Sendable (Double, Double) -> Activation?] = [
    "hardTanh": { $0 <= $1 ? .hardTanh($0...$1) : nil },
    "threshold": { .threshold($0, else: $1) },
  ]
}
