import Apus

extension WorkloadMaker {
  /// A matrix product, and operations forward and backward.
  static var operations: [WorkloadMaker] {
    func product(_ size: Int) -> WorkloadMaker {
      WorkloadMaker(name: "matmul\(size)") {
        let factors = [1, 2].map { givenNumbers([size, size], seed: $0) }
        return try FunctionWorkload(factors) { [matmul($0[0], $0[1])] }
      }
    }
    func attention(_ name: String, _ shape: Shape) -> WorkloadMaker {
      WorkloadMaker(name: name) {
        try FunctionWorkload(forwardAndBackward: [shape, shape, shape, shape]) {
          scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
        }
      }
    }
    return [
      product(1024), product(2048), attention("attention", [16, 128, 4, 64]),
      attention("attention1k", [1, 1024, 4, 64]),
      WorkloadMaker(name: "layernorm") {
        try FunctionWorkload(forwardAndBackward: [[2048, 768], [768], [768], [2048, 768]]) {
          $0[0].layerNormalized(gamma: $0[1], beta: $0[2])
        }
      },
    ]
  }
}
