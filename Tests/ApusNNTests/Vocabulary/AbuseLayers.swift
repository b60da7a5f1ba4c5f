import ApusCore
import ApusNN
import ApusTestSupport
import Testing

extension BadInput {
  /// Calls layers made with every edge of the numbers, on a few inputs, in inference and training;
  /// those of one harmless number on every input.
  mutating func layers(_ name: String, _ make: (Double) -> [any Layer]) {
    for number in BadInput.numbers {
      for operand in number == 0.5 ? BadInput.operands : BadInput.some {
        for (place, layer) in make(number).enumerated() {
          abuse("\(name) \(place) \(number)", layer, operand)
        }
      }
    }
  }

  /// Calls layers made with every edge of the sizes.
  mutating func layers(_ name: String, sizes make: (Int) -> [any Layer]) {
    for size in BadInput.sizes {
      for operand in size == 2 ? BadInput.operands : BadInput.some {
        for (place, layer) in make(size).enumerated() {
          abuse("\(name) \(place) of \(size)", layer, operand)
        }
      }
    }
  }

  /// Calls a layer in inference and training; printing it must not end the process either.
  mutating func abuse(_ name: String, _ layer: any Layer, _ operand: Operand) {
    call(name, [operand], named: false) { inputs in
      let context = Context(isTraining: true, key: RandomKey(seed: 1))
      let results = [layer(inputs[0]), layer(inputs[0], context)]
      _ = "\(layer)"
      return results
    }
  }

  /// Inputs for settings, of which there are many.
  static let some: [Operand] = few.filter {
    ["f32[]", "f32[2, 3]", "f32[2, 0, 3]", "f32[1, 4, 4, 2]", "i32[2, 3]", "failed"]
      .contains($0.name)
  }
}
