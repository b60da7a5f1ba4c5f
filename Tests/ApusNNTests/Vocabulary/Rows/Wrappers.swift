import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension VocabularyRow {
  static let wrappers: [VocabularyRow] = [
    VocabularyRow(
      .layer, "Recompute",
      proofs: [.formula("outputs and gradients of the layer itself") { try same { Recompute($0) } }]
    ) { abuse(&$0, "Recompute") { Recompute($0) } },
    VocabularyRow(
      .layer, "LayerSlot",
      proofs: [.formula("outputs and gradients of the layer itself") { try same { LayerSlot($0) } }]
    ) { abuse(&$0, "LayerSlot") { LayerSlot($0) } },
  ]

  /// A wrapped layer gives the bits of the layer.
  private static func same(_ wrap: (any Layer) -> any Layer) throws {
    for shape in [[1, 1], [5, 3], [2, 1, 7], [0, 3]] as [Shape] {
      for isTraining in [false, true] {
        let x = BadInput.filled(shape, .float64) * 0.25
        func results(_ wrap: (any Layer) -> any Layer) throws -> [Tensor] {
          let model = wrap(Sequential([Dense(3, activation: .tanh), Dropout(0.3), LayerNorm()]))
          try model.build(x.type, seed: 6)
          func loss(_ x: Tensor) -> Tensor {
            let context = Context(isTraining: isTraining, key: RandomKey(seed: 2))
            return (model(x, context) * 1.5).square().sum()
          }
          return [model(x), gradient(at: x, of: loss)]
            + model.valueAndGradients { loss(x) }.gradients
        }
        try expectSameBits(try results(wrap), try results { $0 })
      }
    }
  }

  private static func abuse(
    _ bad: inout BadInput, _ name: String, _ wrap: (any Layer) -> any Layer
  ) {
    for size in BadInput.sizes where size < 10 || size > 1 << 41 {
      for x in BadInput.few {
        let layer = wrap(Dense(size))
        bad.call("\(name) \(size)", [x], named: false) {
          [layer($0[0]), layer($0[0], Context(isTraining: true))]
        }
      }
    }
    for number in BadInput.numbers {
      for x in BadInput.few where x.tensor.type.byteCount < 1 << 20 {
        let layer = wrap(Dropout(number))
        let context = Context(isTraining: true, key: RandomKey(seed: 1))
        bad.call("\(name) \(number)", [x], named: false) { [layer($0[0], context)] }
      }
    }
  }
}
