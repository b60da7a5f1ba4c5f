import ApusCore

/// Settings of a recurrent layer.
public struct RecurrentOptions: Sendable, Hashable {
  /// The size of the state, and of the output of one direction.
  public let units: Int
  /// How many layers lie on each other.
  public let layers: Int
  /// Runs each layer in both directions and merges the outputs.
  public let bidirectional: DirectionMerge?
  /// The share of outputs dropped between layers in training.
  public let dropout: Double
  /// Whether the output is that of every step, not of the last.
  public let returnsSequences: Bool
  /// Whether a call begins with the state that the call before ended with.
  public let stateful: Bool
  public let layout: SequenceLayout

  var directions: Int { bidirectional == nil ? 1 : 2 }
}

/// What the recurrent layers have in common: the weights of all layers and directions, and the state
/// kept between calls.
public final class RecurrentStack: Sendable {
  public let options: RecurrentOptions
  let cell: RecurrentCell
  let weights: [[RecurrentWeights]]
  let kept: [Buffer]
  private let dropout: Dropout

  /// More layers than this are taken for a mistake.
  private static let layerLimit = 4096

  init(
    _ cell: RecurrentCell, _ options: RecurrentOptions, useBias: Bool,
    initializers: RecurrentInitializers
  ) {
    self.options = options
    self.cell = cell
    let count = (1...Self.layerLimit).contains(options.layers) ? options.layers : 0
    weights = (0..<count).map { layer in
      (0..<options.directions).map { direction in
        RecurrentWeights(
          cell, units: options.units, suffix: "_l\(layer)\(direction == 0 ? "" : "_reverse")",
          useBias: useBias, initializers: initializers)
      }
    }
    let names = options.stateful ? ["hidden_state", "cell_state"] : []
    kept = names.prefix(cell.stateCount).map { Buffer(.zeros, name: $0) }
    dropout = Dropout(options.dropout)
  }

  var stateRows: Int { weights.count * options.directions }

  func build(for x: TensorType) throws(Violation) {
    try require(options.units > 0, "\(options.units) units are not a positive number")
    try require(
      !weights.isEmpty, "\(options.layers) layers are not in 1...\(Self.layerLimit)")
    try dropout.build(for: x)
    try require(
      x.rank == 3, "needs a sequence of rank 3, samples, steps and features, not rank \(x.rank)")
    try require(x[options.layout.timeAxis] > 0, "the sequence has no steps")
    try require(x[2] > 0, "the input has no features")
    try require(
      !options.stateful || options.bidirectional == nil,
      "a state kept between calls needs one direction: the other one starts at the end")
    var features = x[2]
    for layer in weights {
      for direction in layer { try direction.allocate(x.dtype, features: features) }
      features =
        options.bidirectional == .concatenate ? options.units.timesClamped(2) : options.units
    }
    let samples = x[1 - options.layout.timeAxis]
    for buffer in kept {
      if let held = buffer.type {
        try require(
          held[1] == samples, "keeps the state of \(held[1]) samples, the input has \(samples)")
      }
      try buffer.allocate(x.dtype, [stateRows, samples, options.units])
    }
  }

  /// Runs all layers: `x` in the layer's layout, the state as given or as kept.
  func run(
    _ x: Tensor, _ initial: RecurrentState?, lengths: Tensor?, _ context: Context,
    at site: CallSite
  ) -> (output: Tensor, state: RecurrentState) {
    var x = options.layout.swapped(x)
    let start = initial?.tensors ?? keptState(context)
    let type = x.type.with(shape: [x.shape[1], options.units])
    var final: [[Tensor]] = Array(repeating: [], count: cell.stateCount)
    var last = x
    for (number, layer) in weights.enumerated() {
      // No part of the model with a path of its own: called as one, it would be listed.
      if number > 0 { x = dropout.forward(x, context) }
      var outputs: [Tensor] = []
      var ends: [Tensor] = []
      for (direction, weights) in layer.enumerated() {
        let row = number * options.directions + direction
        let states = (0..<cell.stateCount).map { part in
          start.isEmpty ? Tensor.zeros(type.shape, dtype: type.dtype) : start[part][row]
        }
        let (y, end) = weights.run(
          x, states, lengths: lengths, isReversed: direction == 1, at: site)
        outputs.append(y)
        ends.append(end[0])
        for part in 0..<cell.stateCount { final[part].append(end[part]) }
      }
      x = merged(outputs)
      last = merged(ends)
    }
    let state = RecurrentState(tensors: final.map { stacked($0) })
    for (buffer, value) in zip(kept, state.tensors) where context !== Context.inference {
      context.update(buffer) { _ in value }
    }
    return (options.returnsSequences ? options.layout.swapped(x) : last, state)
  }

  /// The state that the last call left, also within one step; nothing where none is kept.
  private func keptState(_ context: Context) -> [Tensor] {
    kept.map { context.value(of: $0).stoppingGradient() }
  }

  private func merged(_ outputs: [Tensor]) -> Tensor {
    guard let merge = options.bidirectional, outputs.count == 2 else { return outputs[0] }
    return merge.merged(outputs[0], outputs[1])
  }

  /// Why a state cannot start a run over `x`; `nil` when it can.
  func violation(of state: RecurrentState, for x: TensorType) -> Violation? {
    guard state.tensors.count == cell.stateCount else {
      return Violation(
        cell.stateCount == 2
          ? "needs a cell state beside the hidden state" : "has no cell state, was given one")
    }
    let shape: Shape = [stateRows, x[1 - options.layout.timeAxis], options.units]
    for (name, tensor) in zip(["hidden", "cell"], state.tensors) {
      if tensor.type != x.with(shape: shape) {
        return Violation("the \(name) state must be \(x.with(shape: shape)), not \(tensor.type)")
      }
    }
    return nil
  }
}
