import ApusCore
import Foundation
import Testing

/// Calls that ought to be refused, made by machine: what comes back must be a failed tensor, a thrown
/// error or values. A trap ends the suite; the file that `APUS_BAD_INPUT_TRACE` names then holds the
/// call.
package struct BadInput: ~Copyable {
  /// How many calls were made, how many of them refused.
  package private(set) var calls = 0
  package private(set) var refusals = 0
  private let trace = ProcessInfo.processInfo.environment["APUS_BAD_INPUT_TRACE"]
  private let skipped = Set(
    (ProcessInfo.processInfo.environment["APUS_BAD_INPUT_SKIP"] ?? "").split(separator: ";")
      .map(String.init))

  package init() {}

  /// Tensors larger than this are not evaluated: they are there for their sizes.
  private static let limit = 1 << 20

  /// Makes a call on tensors and looks at what it gives.
  ///
  /// - Parameter named: Whether the call takes the caller's place, so that a refusal must name it.
  package mutating func call(
    _ name: String, _ operands: [Operand] = [], named: Bool = true, file: String = #fileID,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: ([Tensor]) throws -> [Tensor]
  ) {
    let label = name + operands.map { " " + $0.name }.joined()
    if skipped.contains(label) { return }
    if let trace { try? label.write(toFile: trace, atomically: false, encoding: .utf8) }
    calls += 1
    do {
      let results = try body(operands.map(\.tensor))
      if let failed = operands.first(where: { $0.tensor.error != nil }) {
        for result in results where result.error != failed.tensor.error {
          Issue.record(
            "\(label): a failed operand gives \(result.error.map { "\($0)" } ?? "a value")",
            sourceLocation: sourceLocation)
        }
      }
      for error in results.compactMap(\.error) {
        check(error, label, named ? file : nil, sourceLocation)
      }
      if results.contains(where: { $0.error != nil }) { refusals += 1 }
      let isSmall = (results + operands.map(\.tensor)).allSatisfy {
        $0.error != nil || $0.type.byteCount <= Self.limit
      }
      if isSmall {
        for result in results where result.error == nil { _ = try result.bytes() }
      } else {
        for result in results where result.error == nil && result.type.byteCount > 1 << 48 {
          #expect(throws: TensorError.self, "\(label)", sourceLocation: sourceLocation) {
            try eval(result)
          }
        }
      }
    } catch let error as TensorError {
      refusals += 1
      check(error, label, nil, sourceLocation)
    } catch {
      refusals += 1
      #expect(!"\(error)".isEmpty, "\(label)", sourceLocation: sourceLocation)
    }
  }

  /// Makes a call that gives no tensors.
  package mutating func attempt(
    _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    call(name, sourceLocation: sourceLocation) { _ in
      try body()
      return []
    }
  }

  private func check(
    _ error: TensorError, _ label: String, _ file: String?, _ sourceLocation: SourceLocation
  ) {
    if error == Operand.mistake { return }
    #expect(
      !error.operation.isEmpty && !error.reason.isEmpty, "\(label)", sourceLocation: sourceLocation)
    guard let file else { return }
    #expect(
      error.site?.file == file, "\(label): \(error) is not at the caller",
      sourceLocation: sourceLocation)
  }
}

extension BadInput {
  /// A tensor and what to call it.
  package struct Operand: Sendable {
    package let name: String
    package let tensor: Tensor
    package init(_ name: String, _ tensor: Tensor) {
      self.name = name
      self.tensor = tensor
    }

    /// The mistake of operands that failed before.
    static let mistake = TensorError(operation: "earlier", reason: "failed before")
  }

  /// Extents, counts and positions at the edges of what fits.
  package static let sizes = [
    0, 1, 2, 3, -1, -2, 8, 9, 1 << 31, 1 << 40, 1 << 62, .max - 1, .max, .min, .min + 1,
  ]
  package static let axes = [0, 1, -1, -2, 7, 8, -9, .max, .min, .min + 1]
  package static let numbers = [
    0, -0.0, 1, -1, 0.5, 1e300, -1e300, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
  ]

  package static func filled(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
    let values = (0..<shape.count).map { Double($0 % 7) - 3 }
    return Tensor(values, shape: shape, dtype: dtype)
  }

  package static let failed = Operand("failed", Tensor(error: Operand.mistake))
  /// Tensors of every rank and dtype, empty ones, vast ones, and one that failed.
  package static let operands: [Operand] = {
    let shapes: [Shape] = [
      [], [3], [0], [2, 3], [2, 0, 3], [2, 2], [1, 2, 3], [1, 4, 4, 2], [1, 3, 3, 3, 1],
      [1, 1, 1, 1, 1, 1, 1, 2],
    ]
    var all = shapes.map { Operand("f32\($0)", filled($0)) }
    for dtype in DType.allCases { all.append(Operand("\(dtype)[2, 3]", filled([2, 3], dtype))) }
    all += [Operand("i32[]", filled([], .int32)), Operand("i64[3]", filled([3], .int64))]
    all.append(Operand("NaN", Tensor([Float.nan, .infinity, -.infinity])))
    all.append(
      Operand("i32 extremes", Tensor([Int32.min, .max, 0, -1, 1, 2], shape: [2, 3])))
    all.append(
      Operand("i64 extremes", Tensor([Int64.min, .max, 0, -1, 1, 2], shape: [2, 3])))
    let vast: [Shape] = [[1 << 40], [1 << 31, 1 << 20], [0, 1 << 40], [1 << 8, 0, 1 << 44]]
    all += vast.map { Operand("vast\($0)", Tensor.zeros($0)) }
    all.append(failed)
    return all
  }()

  /// A few of them, for calls with several operands.
  package static let few: [Operand] = operands.filter {
    [
      "f32[]", "f32[3]", "f32[0]", "f32[2, 3]", "f32[2, 0, 3]", "f32[1, 4, 4, 2]",
      "f32[1, 1, 1, 1, 1, 1, 1, 2]", "f64[2, 3]", "i32[2, 3]", "bool[2, 3]", "u8[2, 3]", "i64[3]",
      "i32 extremes", "vast[1099511627776]", "vast[2147483648, 1048576]", "vast[0, 1099511627776]",
      "failed",
    ].contains($0.name)
  }
}
