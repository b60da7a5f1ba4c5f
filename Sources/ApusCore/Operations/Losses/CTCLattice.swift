/// What the CTC loss and its gradient share: the lattice of states that a target makes.
///
/// A target of `S` labels has `L = 2S + 1` states: blanks before, between and after the labels. From
/// state `l` a path stays, goes to `l + 1`, or skips the blank between two different labels.
struct CTCLattice {
  /// The logarithm of a probability that is none: finite, so that no difference of two is NaN.
  static let never = -1e30

  /// The label that each state emits `[N, L]`; blank beyond the target's end.
  let labels: Tensor
  /// 0 where the state may be entered from two states before, else ``never``: `[N, L]`.
  let skips: Tensor
  /// 0 in the two states a path may end in, else ``never``: `[N, L]`.
  let ends: Tensor
  /// Whether a step belongs to the sample: `[T, N, 1]`.
  let active: Tensor
  /// Logarithms of the probabilities that a state's label is emitted: `[T, N, L]`.
  let emissions: Tensor

  init(_ logs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ lengths: Tensor, blank: Int) {
    let (n, t, s) = (logs.shape[0], logs.shape[1], targets.shape[1])
    let states: Shape = [n, 2 * s + 1]
    let state = Tensor.iota(states, axis: 1, dtype: .int64)
    let last = (lengths * Tensor(integer: 2)).expanded(at: 1).broadcast(to: states)
    let none = Tensor(integer: Int64(blank)).broadcast(to: [n, s])
    let isLabel = Tensor.iota([n, s], axis: 1, dtype: .int64) .< lengths.expanded(at: 1)
    let pairs = stacked([none, targets.where(isLabel, else: none)], axis: 2)
    let closing = Tensor(integer: Int64(blank)).broadcast(to: [n, 1])
    labels = concatenated([pairs.reshaped(to: [n, 2 * s]), closing], axis: 1)

    let zero = Tensor(repeating: 0, shape: states, dtype: logs.dtype)
    let never = Tensor(CTCLattice.never, like: zero)
    let before = labels.padded(low: [0, 2], high: [0, 0], value: Double(blank))
      .sliced(axis: 1, 0..<(2 * s + 1))
    skips = zero.where((labels .!= before) .& (state .>= 2), else: never)
    let isEnd = (state .== last) .| ((state + Tensor(integer: 1)) .== last)
    ends = zero.where(isEnd, else: never)
    active = Tensor.iota([t, n], axis: 0, dtype: .int64)
      .< inputLengths.expanded(at: 0)
      .broadcast(to: [t, n])
    let picks = labels.expanded(at: 1).broadcast(to: [n, t, 2 * s + 1])
    let picked = logs.gatheredElements(picks, axis: 2)
    emissions = maximum(picked, Tensor(CTCLattice.never, like: picked))
      .transposed(permutation: [1, 0, 2])
  }
}
