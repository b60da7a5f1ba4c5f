/// The hypotheses of one prompt during beam search.
struct Beams {
  struct Settings {
    let width: Int
    let lengthPenalty: LengthPenalty
    let stopsEarly: Bool
    let maxNewTokens: Int
    let endTokens: Set<Int>
  }

  /// A hypothesis and one more token, with the logarithm of its probability.
  struct Extension {
    let score: Double
    let beam: Int
    let token: Int
  }

  private struct Hypothesis {
    var tokens: [Int]
    var logProbability: Double
  }

  private let settings: Settings
  private let prompt: [Int]
  /// Always `width`; those that stand in where fewer are possible have probability 0.
  private var open: [Hypothesis]
  private var closed: [DecodedSequence] = []
  private(set) var isOpen: Bool
  /// The beam of the step before that each one goes on from.
  private(set) var parents: [Int]

  init(_ prompt: [Int], _ settings: Settings) {
    self.settings = settings
    self.prompt = prompt
    // All beams begin alike, so that only one may count.
    open = (0..<settings.width).map {
      Hypothesis(tokens: prompt, logProbability: $0 == 0 ? 0 : -.infinity)
    }
    parents = Array(0..<settings.width)
    isOpen = settings.maxNewTokens > 0
    if !isOpen { closeRest() }
  }

  var scores: [Double] { open.map(\.logProbability) }
  var newCounts: [Int] { open.map { $0.tokens.count - prompt.count } }
  func sequences(at step: Int) -> [ArraySlice<Int>] { open.map { $0.tokens.prefix(step + 1) } }

  /// What was found, the best first; of equal scores, what was found first.
  var results: [DecodedSequence] {
    closed.enumerated().sorted {
      $0.element.score != $1.element.score
        ? $0.element.score > $1.element.score : $0.offset < $1.offset
    }.map(\.element)
  }

  /// Takes the extensions of a step, the best first.
  ///
  /// - Returns: Whether any is possible.
  mutating func advance(_ extensions: [Extension], step: Int) -> Bool {
    parents = Array(0..<settings.width)
    guard isOpen, step >= prompt.count - 1 else { return true }
    if extensions.contains(where: { $0.score.isNaN }) { return false }
    var next: [Hypothesis] = []
    var from: [Int] = []
    for (rank, found) in extensions.enumerated() where found.score > -.infinity {
      let hypothesis = Hypothesis(
        tokens: open[found.beam].tokens + [found.token], logProbability: found.score)
      if settings.endTokens.contains(found.token) {
        if rank < settings.width { close(hypothesis, isFinished: true) }
      } else if next.count < settings.width {
        next.append(hypothesis)
        from.append(found.beam)
      }
    }
    if next.isEmpty {
      isOpen = false
      return !closed.isEmpty
    }
    while next.count < settings.width {
      from.append(from[0])
      next.append(Hypothesis(tokens: next[0].tokens, logProbability: -.infinity))
    }
    (open, parents) = (next, from)
    let isAtLimit = open[0].tokens.count - prompt.count >= settings.maxNewTokens
    if isAtLimit { closeRest() }
    isOpen = !isAtLimit && !isDecided
    return true
  }

  /// Whether enough is closed, and nothing open can become better.
  private var isDecided: Bool {
    guard closed.count >= settings.width, let worst = results.last else { return false }
    if settings.stopsEarly { return true }
    // Probability only falls; the divisor is largest at one end of the lengths still possible.
    let length = open[0].tokens.count - prompt.count
    let divisor = max(
      settings.lengthPenalty.divisor(length + 1),
      settings.lengthPenalty.divisor(settings.maxNewTokens))
    return open[0].logProbability / divisor <= worst.score
  }

  private mutating func closeRest() {
    for hypothesis in open where hypothesis.logProbability > -.infinity {
      close(hypothesis, isFinished: false)
    }
  }

  /// Puts a hypothesis among the closed, of which the `width` best are kept.
  private mutating func close(_ hypothesis: Hypothesis, isFinished: Bool) {
    let tokens = Array(hypothesis.tokens[prompt.count...])
    let divisor = settings.lengthPenalty.divisor(tokens.count)
    closed.append(
      DecodedSequence(
        tokens: tokens, logProbability: hypothesis.logProbability,
        score: hypothesis.logProbability / divisor, isFinished: isFinished))
    if closed.count > settings.width { closed = Array(results.prefix(settings.width)) }
  }
}
