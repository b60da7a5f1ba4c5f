/// The formula of one step of a recurrent network, as data: cells, sequences, their gradients and
/// kernels all take it from here.
///
/// A step sees `a = x·W_ihᵀ + b`, called the input, and `q = h·W_hhᵀ + b_hh`, called the product, each
/// of `gateCount` blocks as wide as the state.
package struct RecurrentCell: Sendable, Hashable {
  /// What a step is given: `input[N, G·H], product[N, G·H], states[N, H], peepholes[3, H]`.
  package struct Step: Sendable {
    package var input: Tensor
    package var product: Tensor
    package var states: [Tensor]
    package var peepholes: Tensor?

    package init(input: Tensor, product: Tensor, states: [Tensor], peepholes: Tensor? = nil) {
      self.input = input
      self.product = product
      self.states = states
      self.peepholes = peepholes
    }
  }

  /// What the gradient of a step is given: what the step saved, the last state as it was before the
  /// step, and the gradients of the new states.
  struct StepBack {
    var saved: Tensor
    var previous: Tensor
    var dStates: [Tensor]
    var peepholes: Tensor?
  }

  /// Gradients of input and product, and of the states apart from their way through the product.
  typealias Slopes = (input: Tensor, product: Tensor, states: [Tensor])

  package let name: String
  /// How many blocks of the state's width the input has.
  package let gateCount: Int
  /// How many tensors make up the state; the hidden state, which is the output, comes first.
  package let stateCount: Int
  /// How many blocks a step keeps for its gradient.
  package let savedCount: Int
  package let hasPeepholes: Bool
  /// Whether the product enters the formula otherwise than in a sum with the input.
  package let separatesProduct: Bool
  /// The new states, and what is kept: `saved[N, S·H]`.
  package let step: @Sendable (Step) -> (states: [Tensor], saved: Tensor)
  let slopes: @Sendable (StepBack) -> Slopes

  package static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension RecurrentCell {
  /// The simple recurrent network: `h′ = tanh(a + q)`.
  ///
  /// - Source: Elman 1990.
  package static let tanh = simple("rnnTanh", { $0.tanh() }, slope: { 1 - $0.square() })

  /// The simple recurrent network with rectified units: `h′ = relu(a + q)`.
  package static let relu = simple(
    "rnnReLU", { $0.relu() }, slope: { ($0 .> 0).converted(to: $0.dtype) })

  /// - Parameter slope: The derivative of the activation, from its value.
  private static func simple(
    _ name: String, _ activation: @escaping @Sendable (Tensor) -> Tensor,
    slope: @escaping @Sendable (Tensor) -> Tensor
  ) -> RecurrentCell {
    RecurrentCell(
      name: name, gateCount: 1, stateCount: 1, savedCount: 1, hasPeepholes: false,
      separatesProduct: false
    ) { step in
      let h = activation(step.input + step.product)
      return ([h], h)
    } slopes: { back in
      let d = back.dStates[0] * slope(back.saved)
      return (d, d, [Tensor(0, like: back.dStates[0])])
    }
  }

  static let all: [RecurrentCell] = [.tanh, .relu, .lstm, .peepholeLSTM, .gru]
}
