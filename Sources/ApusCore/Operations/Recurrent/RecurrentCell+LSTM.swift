extension RecurrentCell {
  /// Long short-term memory, gates in the order i, f, g, o:
  ///
  ///     i, f, o = σ(a + q),  g = tanh(a + q)
  ///     c′ = f·c + i·g,  h′ = o·tanh(c′)
  /// - Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000 (forget gate).
  package static let lstm = longShortTermMemory("lstm", hasPeepholes: false)

  /// Long short-term memory whose gates see the cell: rows i, f, o of the peepholes.
  ///
  ///     i = σ(a + q + p_i·c),  f = σ(a + q + p_f·c),  o = σ(a + q + p_o·c′)
  /// - Source: Gers, Schraudolph and Schmidhuber 2002.
  package static let peepholeLSTM = longShortTermMemory("peepholeLSTM", hasPeepholes: true)

  private static func longShortTermMemory(_ name: String, hasPeepholes: Bool) -> RecurrentCell {
    RecurrentCell(
      name: name, gateCount: 4, stateCount: 2, savedCount: 4, hasPeepholes: hasPeepholes,
      separatesProduct: false, step: lstmStep, slopes: lstmSlopes)
  }

  @Sendable private static func lstmStep(_ step: Step) -> (states: [Tensor], saved: Tensor) {
    let c = step.states[1]
    let gates = (step.input + step.product).split(into: 4, axis: 1)
    let peepholes = step.peepholes?.split(into: 3)
    func peeping(_ gate: Tensor, _ row: Int, at cell: Tensor) -> Tensor {
      guard let peepholes else { return gate }
      return gate + peepholes[row] * cell
    }
    let i = peeping(gates[0], 0, at: c).sigmoid()
    let f = peeping(gates[1], 1, at: c).sigmoid()
    let g = gates[2].tanh()
    let new = f * c + i * g
    let o = peeping(gates[3], 2, at: new).sigmoid()
    return ([o * new.tanh(), new], concatenated([i, f, g, o], axis: 1))
  }

  @Sendable private static func lstmSlopes(_ back: StepBack) -> Slopes {
    let gates = back.saved.split(into: 4, axis: 1)
    let (i, f, g, o) = (gates[0], gates[1], gates[2], gates[3])
    let (dh, c) = (back.dStates[0], back.previous)
    let peepholes = back.peepholes?.split(into: 3)
    let squashed = (f * c + i * g).tanh()
    let dO = dh * squashed * o * (1 - o)
    var dNew = back.dStates[1] + dh * o * (1 - squashed.square())
    if let peepholes { dNew = dNew + dO * peepholes[2] }
    let dI = dNew * g * i * (1 - i)
    let dF = dNew * c * f * (1 - f)
    let dG = dNew * i * (1 - g.square())
    var dC = dNew * f
    if let peepholes { dC = dC + dI * peepholes[0] + dF * peepholes[1] }
    let d = concatenated([dI, dF, dG, dO], axis: 1)
    return (d, d, [Tensor(0, like: dh), dC])
  }
}
