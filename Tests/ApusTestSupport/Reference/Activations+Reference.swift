import Foundation

/// Rows of the reference executor for activations, by name.
enum ReferenceActivations {
  static let unary: [String: @Sendable (Double) -> Double] = [
    "gelu": { $0 == -.infinity ? 0 : 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) },
    "geluTanh": { x in
      x == -.infinity
        ? 0 : 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    },
    "silu": { $0 == -.infinity ? 0 : $0 / (1 + exp(-$0)) },
  ]

  static let binary: [String: @Sendable (Double, Double) -> Double] = [
    "geluGradient": { dy, x in
      let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
      let bend = density == 0 ? 0 : x * density
      return dy * (0.5 * erfc(-x / 2.0.squareRoot()) + bend)
    },
    "geluTanhGradient": { dy, x in
      let c = (2 / Double.pi).squareRoot()
      let t = tanh(c * (x + 0.044715 * x * x * x))
      let slope = c * (1 + 0.134145 * x * x)
      let bend = t * t == 1 ? 0 : x * (1 - t * t) * slope
      return dy * 0.5 * (1 + t + bend)
    },
  ]
}
