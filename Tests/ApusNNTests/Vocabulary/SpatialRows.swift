import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension GoldenCase {
  var layout: ImageLayout { truth("first") ? .channelsFirst : .channelsLast }
  var windowPadding: Padding {
    truth("same") ? .same : .explicit(pairs("padding").map { ($0[0], $0[1]) })
  }
  /// The paths of the parameters that follow `x` among the inputs.
  func parameters(_ paths: [String]) -> [String] {
    Swift.Array(paths.prefix(inputs.count - 1))
  }
}

extension BadInput.Operand {
  /// Something with that many spatial axes that layers take.
  static func good(axes: Int) -> BadInput.Operand {
    let shapes: [Shape] = [[1, 5, 2], [1, 4, 4, 2], [1, 3, 4, 4, 2]]
    return .init("good \(axes)-D", BadInput.filled(shapes[axes - 1]))
  }

  /// Tensors of every rank and dtype with spatial axes that are empty, vast, or of wrong elements.
  static let spatial: [BadInput.Operand] = {
    let shapes: [Shape] = [
      [1, 5, 2], [1, 3, 4, 4, 2], [0, 4, 4, 2], [1, 0, 4, 2], [1, 4, 4, 0], [1, 4, 4, 3],
      [0, 5, 2],
      [2, 3, 0, 2, 2], [1, 1, 1, 1, 1, 1], [2, 5, 0],
    ]
    var all = BadInput.few + shapes.map { .init("f32\($0)", BadInput.filled($0)) }
    for dtype in [DType.int32, .bool, .uint8, .bfloat16, .float16] {
      all.append(.init("\(dtype)[1, 4, 4, 2]", BadInput.filled([1, 4, 4, 2], dtype)))
    }
    let vast: [Shape] = [
      [1, 1 << 20, 1 << 20, 2], [1 << 40, 5, 2], [1, 4, 4, 1 << 40], [1, 1 << 20, 1 << 20, 4, 2],
      [1, 1 << 50, 2],
    ]
    all += vast.map { .init("vast\($0)", Tensor.zeros($0)) }
    let wild = [Float.nan, .infinity, -.infinity, 1e30, -1e30, 0, -0.0, 1]
    all.append(
      .init("wild", Tensor(wild + wild + wild + wild, shape: [1, 4, 4, 2])))
    return all
  }()
}

extension BadInput {
  /// Calls layers of every size on an input that fits; the first ones also on every other input.
  /// Each call is made in inference and in training.
  mutating func abuse(
    axes: Int = 2, sizes: [Int] = BadInput.sizes, inputs: [Operand] = Operand.spatial,
    _ make: (Int) -> [(String, any Layer)]
  ) {
    let good = Operand.good(axes: axes)
    for size in sizes {
      for (name, layer) in make(size) {
        _ = "\(layer)"
        attack(layer, name, size, good)
      }
    }
    for x in inputs {
      // A fresh layer for each, so that its parameters fit.
      for (name, layer) in make(2).prefix(2) + make(1).suffix(1) { attack(layer, name, 2, x) }
    }
  }

  private mutating func attack(_ layer: any Layer, _ name: String, _ size: Int, _ x: Operand) {
    call("\(name) \(size)", [x]) {
      [layer($0[0]), layer($0[0], Context(isTraining: true, key: RandomKey(seed: 1)))]
    }
  }
}
