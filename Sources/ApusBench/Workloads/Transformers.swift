import Apus

extension WorkloadMaker {
  /// A small GPT over bytes in training; a block of GPT-2's size at inference.
  static var transformers: [WorkloadMaker] {
    [
      WorkloadMaker(name: "gpt") {
        try languageModel(batch: 16, width: 256, depth: 4, length: 128)
      },
      WorkloadMaker(name: "gpt-bf16") {
        try languageModel(
          batch: 16, width: 256, depth: 4, length: 128, precision: .mixedBFloat16)
      },
      WorkloadMaker(name: "gpt2-block") {
        let x = givenNumbers([1, 256, 768], seed: 100)
        let block = try blockOfGPT2(for: x.shape)
        return try FunctionWorkload([x]) { [block($0[0])] }
      },
      WorkloadMaker(name: "gpt2-decode") {
        let x = givenNumbers([1, 1, 768], seed: 100)
        return try DecodingWorkload(blockOfGPT2(for: x.shape), x, held: 128, capacity: 256)
      },
    ]
  }

  private static func blockOfGPT2(for x: Shape) throws -> GPTBlock {
    let options = TransformerOptions(
      width: 768, heads: 12, hidden: 3072, dropoutRate: 0, activation: .geluTanh)
    return try GPTBlock(options).givenWeights(for: x)
  }
}

/// A GPT with heads of 64 in training.
func languageModel(
  batch: Int, width: Int, depth: Int, length: Int, precision: Precision = .float32
) throws -> TrainingWorkload {
  let texts = givenIntegers([4 * batch, length + 1], below: 256, seed: 100)
  let options = TransformerOptions(
    width: width, heads: width / 64, hidden: 4 * width, dropoutRate: 0, activation: .geluTanh)
  let model = ByteModel(options, positions: length, layers: depth)
  return TrainingWorkload(
    try model.givenWeights(for: TensorType(.int32, [batch, length])),
    AdamW(learningRate: 0.001),
    try givenBatches(
      texts.sliced(axis: 1, 0..<length), texts.sliced(axis: 1, 1..<(length + 1)), size: batch),
    precision: precision)
}

/// Predicts the next byte at every place of a text.
final class ByteModel: Layer {
  let gpt: GPTDecoder

  init(_ options: TransformerOptions, positions: Int, layers: Int) {
    gpt = GPTDecoder(options, vocabulary: 256, positions: positions, layers: layers)
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor { gpt.logits(x) }
}

/// One token after the other through a block that keeps keys and values of those before.
///
/// Starts with some tokens in the cache; when it is full, starts again.
final class DecodingWorkload: Workload {
  private let function: StatefulFunction
  private let start: [Tensor]
  private let inputs: [Tensor]
  private let room: Int
  private var done = 0

  init(_ block: GPTBlock, _ x: Tensor, held: Int, capacity: Int) throws {
    let heads = block.options.heads
    let shape: Shape = [1, held, heads, block.options.width / heads]
    let empty = KeyValueCache(
      batch: 1, capacity: capacity, heads: heads, headWidth: block.options.width / heads)
    start =
      empty.appending(
        keys: givenNumbers(shape, seed: 101), values: givenNumbers(shape, seed: 102)
      ).tensors
    inputs = [x]
    room = capacity - held
    try eval(start + inputs)
    function = try StatefulFunction(state: start) { state, inputs in
      var caches = KeyValueCache.list(of: state)
      let y = block.step(inputs[0], cache: &caches[0])
      return (caches[0].tensors, [y])
    }
  }

  func run(steps: Int) throws -> (seconds: Double, loss: Double) {
    var results: [Tensor] = []
    let watch = Stopwatch()
    for _ in 0..<steps {
      if done == room {
        try function.reset(to: start)
        done = 0
      }
      results = try function(inputs)
      done += 1
    }
    let seconds = watch.seconds
    return (seconds, try meanSize(of: results))
  }

  func plan() throws -> PlanReport { try function.plan(for: inputs.map(\.type)) }

  func firstLoss() throws -> Double { try run(steps: 1).loss }
}
