extension RecurrentCell {
  /// The gated recurrent unit, gates in the order r, z, n, reset after the product:
  ///
  ///     r, z = σ(a + q),  n = tanh(a_n + r·q_n)
  ///     h′ = (1 − z)·n + z·h
  /// - Source: Cho et al. 2014, in the form of version 3 of the paper's program, which PyTorch and
  ///   cuDNN compute.
  package static let gru = RecurrentCell(
    name: "gru", gateCount: 3, stateCount: 1, savedCount: 4, hasPeepholes: false,
    separatesProduct: true
  ) { step in
    let a = step.input.split(into: 3, axis: 1)
    let q = step.product.split(into: 3, axis: 1)
    let r = (a[0] + q[0]).sigmoid()
    let z = (a[1] + q[1]).sigmoid()
    let n = (a[2] + r * q[2]).tanh()
    let h = (1 - z) * n + z * step.states[0]
    return ([h], concatenated([r, z, n, q[2]], axis: 1))
  } slopes: { back in
    let saved = back.saved.split(into: 4, axis: 1)
    let (r, z, n, q) = (saved[0], saved[1], saved[2], saved[3])
    let dh = back.dStates[0]
    let dN = dh * (1 - z) * (1 - n.square())
    let dZ = dh * (back.previous - n) * z * (1 - z)
    let dR = dN * q * r * (1 - r)
    return (
      concatenated([dR, dZ, dN], axis: 1), concatenated([dR, dZ, dN * r], axis: 1), [dh * z]
    )
  }
}
