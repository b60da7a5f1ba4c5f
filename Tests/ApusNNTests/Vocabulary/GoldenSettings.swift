import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension GoldenCase {
  /// Paths of the inputs after the data, for goldens of whole modules.
  var variables: [String] { word("variables").split(separator: ",").map(String.init) }

  /// The settings of blocks of Transformers, without dropout.
  func options(
    activation: Activation = .gelu, epsilon: Double = 1e-5
  ) -> TransformerOptions {
    TransformerOptions(
      width: int("width"), heads: int("heads"), hidden: int("hidden"), dropoutRate: 0,
      activation: word("activation") == "relu" ? .relu : activation,
      normFirst: truth("normFirst"), epsilon: epsilon)
  }
}

/// Compares a module in inference and, dropout being zero, in training.
func checkBoth(
  _ golden: GoldenCase, batchAxis: Int? = 0, variables: [String]? = nil,
  _ make: () -> any Module, call: (any Module, [Tensor], Context) -> [Tensor]
) throws {
  for isTraining in [false, true] {
    let module = make()
    try checkModule(
      golden, module, variables: variables ?? golden.variables, isTraining: isTraining,
      batchAxis: batchAxis
    ) { call(module, $0, $1) }
  }
}

/// Whether a tensor of zeros and ones is one: masks in goldens.
func isOne(_ x: Tensor) -> Tensor { x.dtype.isInteger ? x .> 0 : x }

extension BadInput {
  /// Numbers as settings, apart from those of models that are only large.
  static let counts = sizes.filter { $0 < 10 || $0 > 1 << 41 }
  /// Sequences `[2, 3, 4]` and what is not quite one.
  static let sequences: [Operand] =
    few + [
      Operand("f32[2, 3, 4]", filled([2, 3, 4])), Operand("f32[2, 0, 4]", filled([2, 0, 4])),
      Operand("f32[0, 3, 4]", filled([0, 3, 4])), Operand("f32[2, 3, 0]", filled([2, 3, 0])),
      Operand("f64[2, 3, 4]", filled([2, 3, 4], .float64)),
      Operand("i32[2, 3, 4]", filled([2, 3, 4], .int32)),
      Operand("f32[2, 3, 5]", filled([2, 3, 5])),
      Operand("bool[2, 3, 4]", filled([2, 3, 4], .bool)),
    ]

  /// Wrong settings of a block, each alone, and wrong inputs of one with good settings.
  mutating func block(
    file: String = #fileID, _ make: (TransformerOptions) -> any Module,
    _ call: (any Module, Tensor) -> Tensor
  ) {
    func attempt(_ name: String, _ options: TransformerOptions) {
      for x in BadInput.sequences where x.name == "f32[2, 3, 4]" || x.name == "failed" {
        self.call(name, [x], file: file) { x in
          let module = make(options)
          _ = "\(module)"
          return [call(module, x[0])]
        }
      }
    }
    for size in BadInput.counts {
      attempt("width \(size)", TransformerOptions(width: size, heads: 2, hidden: 3))
      attempt("heads \(size)", TransformerOptions(width: 4, heads: size, hidden: 3))
      attempt("hidden \(size)", TransformerOptions(width: 4, heads: 2, hidden: size))
    }
    for number in BadInput.numbers {
      attempt(
        "dropout \(number)",
        TransformerOptions(width: 4, heads: 2, hidden: 3, dropoutRate: number))
      attempt(
        "epsilon \(number)", TransformerOptions(width: 4, heads: 2, hidden: 3, epsilon: number))
    }
    for x in BadInput.sequences {
      self.call("input", [x], file: file) {
        [call(make(TransformerOptions(width: 4, heads: 2, hidden: 3)), $0[0])]
      }
    }
  }
}
