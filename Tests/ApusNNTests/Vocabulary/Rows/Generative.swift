import ApusCore
import ApusNN
import ApusTestSupport
import Foundation
import Testing

extension VocabularyRow {
  static let generative: [VocabularyRow] =
    latentRows + [
      .init(
        .layer, "MinibatchDiscrimination",
        proofs: [
          .goldens("generative", op: "minibatchDiscrimination") { golden in
            let layer = MinibatchDiscrimination(
              golden.int("features"), dimensions: golden.int("dimensions"))
            try checkLayer(golden, layer, variables: ["weight"])
          }
        ],
        abuse: {
          $0.layers(
            "MinibatchDiscrimination",
            sizes: { [MinibatchDiscrimination($0), MinibatchDiscrimination(2, dimensions: $0)] })
        }),
      .init(
        .layer, "MinibatchStandardDeviation",
        proofs: [
          .goldens("generative", op: "minibatchStandardDeviation") { golden in
            try checkLayer(
              golden,
              MinibatchStandardDeviation(groupSize: golden.int("groupSize"), layout: golden.layout))
          }
        ],
        abuse: {
          $0.layers("MinibatchStandardDeviation") { [MinibatchStandardDeviation(epsilon: $0)] }
          $0.layers(
            "MinibatchStandardDeviation",
            sizes: {
              [
                MinibatchStandardDeviation(groupSize: $0),
                MinibatchStandardDeviation(groupSize: $0, layout: .channelsFirst),
              ]
            })
        }),
      .init(
        .layer, "TimestepEmbedding",
        proofs: [
          .goldens("generative", op: "timestepEmbedding") { golden in
            let layer = TimestepEmbedding(golden.int("width"), period: golden.double("period"))
            try checkLayer(
              golden, layer, batchAxis: golden.inputs.first?.shape.isEmpty == true ? nil : 0)
          }
        ],
        abuse: {
          $0.layers("TimestepEmbedding") { [TimestepEmbedding(4, period: $0)] }
          $0.layers("TimestepEmbedding", sizes: { [TimestepEmbedding($0)] })
        }),
    ]

  private static let latentRows: [VocabularyRow] = [
    .init(
      .layer, "Reparameterization",
      proofs: [.formula("Kingma and Welling 2014, section 2.4") { try checkReparameterization() }],
      abuse: { bad in
        for a in BadInput.few {
          for b in BadInput.few {
            bad.call("Reparameterization", [a, b]) {
              [
                Reparameterization()($0[0], $0[1], .training(seed: 1)),
                Reparameterization()($0[0], $0[1]),
              ]
            }
          }
        }
      }),
    .init(
      .layer, "RestrictedBoltzmannMachine",
      proofs: [
        .formula("energies of every state of a small machine") {
          try checkEnergies(.bernoulli)
          try checkEnergies(.gaussian)
        }
      ],
      abuse: { bad in
        bad.layers(
          "RestrictedBoltzmannMachine",
          sizes: {
            [
              RestrictedBoltzmannMachine($0),
              RestrictedBoltzmannMachine($0, visibleUnits: .gaussian),
            ]
          })
        for size in BadInput.sizes where size <= 9 || size > 1 << 20 {
          for v in BadInput.some {
            bad.call("machine \(size)", [v]) {
              let machine = RestrictedBoltzmannMachine(2)
              let (loss, chain) = machine.contrastiveDivergence($0[0], steps: size)
              return [loss, chain, machine.visible(given: $0[0]), machine.freeEnergy($0[0])]
            }
            bad.call("chain \(size)", [v]) {
              let machine = RestrictedBoltzmannMachine(2)
              let chain = Tensor.zeros([1, 3])
              let (loss, end) = machine.contrastiveDivergence($0[0], chain: chain)
              return [loss, end]
            }
          }
        }
      }),
  ]
}

/// The draw has the mean, the deviation and the gradient of the formula; inference gives the mean.
private func checkReparameterization() throws {
  let layer = Reparameterization()
  let mean = Tensor.uniform([300, 50], in: -2..<2, dtype: .float64, key: RandomKey(seed: 1))
  let log = Tensor.uniform([300, 50], in: -2..<1, dtype: .float64, key: RandomKey(seed: 2))
  func draw(_ m: Tensor, _ l: Tensor) -> Tensor { layer(m, l, .training(seed: 3)) }
  let z = draw(mean, log)
  let (m, l) = (try mean.scalars(as: Double.self), try log.scalars(as: Double.self))
  let values = try z.scalars(as: Double.self)
  let noise = values.indices.map { (values[$0] - m[$0]) / exp(0.5 * l[$0]) }
  let first = noise.reduce(0, +) / Double(noise.count)
  let second = noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)
  #expect(abs(first) < 0.041 && abs(second - 1) < 0.058, "\(first) \(second)")
  let slopes = gradients(at: [mean, log]) { draw($0[0], $0[1]).sum() }
  try expectClose(slopes[0], m.map { _ in 1 })
  try expectClose(slopes[1], values.indices.map { 0.5 * (values[$0] - m[$0]) }, absolute: 1e-10)
  #expect(try layer(mean, log).scalars(as: Double.self) == m)
  let always = Reparameterization(alwaysSamples: true)
  let calm = Context(isTraining: false, key: RandomKey(seed: 3))
  #expect(try always(mean, log, calm).scalars(as: Double.self) == values)
}

/// Free energy and conditional probabilities against sums over all hidden states.
private func checkEnergies(_ units: RestrictedBoltzmannMachine.VisibleUnits) throws {
  let machine = SmallMachine(units)
  let v = machine.states(units)
  let energies = try machine.layer.freeEnergy(v).scalars(as: Double.self)
  let probabilities = try machine.layer(v).scalars(as: Double.self)
  let rows = try v.scalars(as: Double.self)
  for (index, energy) in energies.enumerated() {
    let row = Array(rows[(index * 3)..<(index * 3 + 3)])
    let weights = SmallMachine.bits(2).map { h in (h, exp(-machine.energy(row, h))) }
    let total = weights.reduce(0) { $0 + $1.1 }
    #expect(abs(energy + log(total)) < 1e-12)
    for j in 0..<2 {
      let on = weights.reduce(0) { $0 + $1.0[j] * $1.1 } / total
      #expect(abs(probabilities[index * 2 + j] - on) < 1e-12)
    }
  }
  for h in SmallMachine.bits(2) {
    let given = machine.layer.visible(given: Tensor(h, shape: [1, 2]))
    let mean = try given.scalars(as: Double.self)
    for i in 0..<3 {
      let input = machine.a[i] + (0..<2).reduce(0) { $0 + machine.w[$1][i] * h[$1] }
      let expected = units == .bernoulli ? 1 / (1 + exp(-input)) : input
      #expect(abs(mean[i] - expected) < 1e-12)
    }
  }
}
