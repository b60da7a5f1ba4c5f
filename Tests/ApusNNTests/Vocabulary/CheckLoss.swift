import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension GoldenCase {
  var reduction: Reduction { Reduction(rawValue: word("reduction")) ?? .mean }

  /// The weights of classes, or none.
  var classWeights: [Double]? { doubles("weights").isEmpty ? nil : doubles("weights") }
  var ignoredLabel: Int? { attributes["ignore"] == nil ? nil : int("ignore") }
}

/// Compares a function with a golden, and again with its inputs lying in transposed order.
func checkLoss(
  _ golden: GoldenCase, sourceLocation: SourceLocation = #_sourceLocation,
  _ call: ([Tensor]) -> [Tensor]
) throws {
  for transposed in [false, true] {
    try check(golden, absolute: 1e-11, relative: 1e-9, sourceLocation: sourceLocation) { inputs in
      call(inputs.map { transposed && $0.dtype.isFloating ? $0.lyingTransposed() : $0 })
    }
  }
}

/// Compares a loss of prediction and target with a golden; no samples give no terms and a sum of 0.
func checkLoss(
  _ golden: GoldenCase, _ loss: Loss, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let reduced = loss.reduced(golden.reduction)
  try checkLoss(golden, sourceLocation: sourceLocation) { [reduced($0[0], $0[1])] }
  // Of one axis it may be the classes; the root of a mean of nothing is no number.
  if golden.inputs[0].shape.count < 2 || loss.name == "rootMeanSquaredError" { return }
  let none = golden.inputs.prefix(2).map { $0.tensor.sliced(axis: 0, 0..<0) }
  let total = loss.reduced(.sum)(none[0], none[1])
  try expectClose(total, [0], shape: [], "no samples, \(golden)", sourceLocation: sourceLocation)
  let each = try loss.perSample(none[0], none[1]).scalars(as: Double.self)
  #expect(each.isEmpty, sourceLocation: sourceLocation)
}

extension BadInput {
  /// Calls a loss with operands that do not go together, in all its reductions.
  mutating func abuse(_ loss: Loss) {
    for a in BadInput.few {
      for b in BadInput.few {
        call("\(loss)", [a, b]) { [loss($0[0], $0[1])] }
      }
      call("\(loss) none", [a, a]) { [loss.reduced(.none)($0[0], $0[1])] }
      call("\(loss) perSample", [a, a]) { [loss.perSample($0[0], $0[1])] }
    }
    let good = Operand("good", BadInput.filled([2, 3]))
    for reduction in Reduction.allCases {
      for weights in BadInput.operands {
        call("\(loss) weighted \(reduction)", [good, good, weights]) {
          [loss.reduced(reduction)($0[0], $0[1], weights: $0[2])]
        }
      }
    }
  }

  /// Calls losses made from a number that makes no sense, or does.
  mutating func abuse(
    _ name: String, _ shape: Shape = [2, 3], target: Tensor? = nil, _ make: (Double) -> Loss
  ) {
    let x = BadInput.filled(shape)
    for number in BadInput.numbers {
      call("\(name) \(number)") { _ in [make(number)(x, target ?? x)] }
    }
  }

  /// Calls a loss of class numbers with labels that are none.
  mutating func abuseLabels(_ loss: Loss) {
    let labels: [[Int64]] = [[0, 3], [-1, 0], [.min, .max], [2, 1 << 32], [-100, 1]]
    for pair in labels {
      for dtype in [DType.int64, .int32, .uint8] {
        let label = Operand("\(dtype) \(pair)", Tensor(pair).converted(to: dtype))
        let x = Operand("good", BadInput.filled([2, 3]))
        call("\(loss) labels", [x, label]) { [loss($0[0], $0[1])] }
      }
    }
    let many = Operand("i64[2, 1]", BadInput.filled([2, 1], .int64))
    call("\(loss) labels", [Operand("good", BadInput.filled([2, 3])), many]) {
      [loss($0[0], $0[1])]
    }
  }

  /// Calls a function of tensors with every operand in every place, the others being good.
  mutating func abuse(_ name: String, good: [Tensor], _ body: ([Tensor]) -> Tensor) {
    for place in good.indices {
      for operand in BadInput.operands {
        var operands = good.enumerated().map { Operand("good \($0)", $1) }
        operands[place] = operand
        call(name, operands, named: false) { [body($0)] }
      }
    }
  }
}
