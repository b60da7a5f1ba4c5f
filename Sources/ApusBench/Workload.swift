import Apus

/// Batches in memory that come one after the other, over and over; an epoch has as many as wanted.
struct CyclingBatches: BatchSource {
  let columns: [ColumnType]
  let batchSize: Int
  let batchCount: Int
  /// The bytes of each distinct batch, per column.
  private let batches: [[[UInt8]]]

  /// The first `distinct` batches of a data set in stored order.
  init(_ loader: DataLoader, distinct: Int, steps: Int) throws {
    columns = loader.columns
    batchSize = loader.batchSize
    batchCount = steps
    batches = try (0..<distinct).map { index in
      try loader.batch(epoch: 0, index: index).tensors.map { try $0.bytes() }
    }
  }

  init(_ other: CyclingBatches, steps: Int) {
    columns = other.columns
    batchSize = other.batchSize
    batches = other.batches
    batchCount = steps
  }

  func sampleCount(ofBatch batch: Int) -> Int { batchSize }

  func load(
    epoch: Int, batch: Int, into buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  ) throws {
    // Training goes on with the next batch where the last request stopped: the first one has been
    // used for warming up.
    let parts = batches[batch % batches.count]
    for (part, buffer) in zip(parts, buffers) { buffer.copyBytes(from: part) }
  }
}

/// A network in training, as Benchmarks/README.md describes it.
final class Workload {
  static let names = ["lenet", "mlp", "iris"] + ConvolutionWorkload.names

  let trainer: Trainer
  private let batches: CyclingBatches

  init?(_ name: String) throws {
    let model: any Layer
    let optimizer: any Optimizer
    switch name {
    case "lenet": (model, optimizer) = (LeNet5(), SGD(learningRate: 0.01, momentum: 0.9))
    case "mlp": (model, optimizer) = (MLP([512, 256, 10]), Adam(learningRate: 0.001))
    case "iris": (model, optimizer) = (IrisNet(), Adam(learningRate: 0.001))
    case let name where ConvolutionWorkload.names.contains(name):
      model = try ConvolutionWorkload.model(name)
      optimizer = SGD(learningRate: 0.01, momentum: 0.9)
    default: return nil
    }
    trainer = Trainer(model, loss: .crossEntropy, optimizer: optimizer)
    if ConvolutionWorkload.names.contains(name) {
      batches = try ConvolutionWorkload.batches(name)
    } else if name == "iris" {
      let flowers = try Iris.load().dataset.subset((0..<150).map { 37 * $0 % 150 })
      batches = try CyclingBatches(DataLoader(flowers, batchSize: 1), distinct: 150, steps: 1)
    } else {
      let digits = try MNIST.digits5k().dataset
      batches = try CyclingBatches(DataLoader(digits, batchSize: 128), distinct: 39, steps: 1)
    }
  }

  /// Makes steps, reading the loss back after every `readEvery`-th and the last.
  ///
  /// One step more is made before the clock starts, which lays out the memory of the run.
  /// - Returns: Seconds of the steps, and the loss of the last one.
  func run(steps: Int, readEvery: Int) throws -> (seconds: Double, loss: Double) {
    let watch = StepWatch(steps: steps, readEvery: readEvery)
    try trainer.fit(
      CyclingBatches(batches, steps: steps + 1), epochs: 1, callbacks: [watch], progress: .silent)
    return (watch.seconds, watch.loss)
  }
}

/// Measures the steps after the first.
final class StepWatch: Callback {
  private let steps: Int
  private let readEvery: Int
  private var start = ContinuousClock.now
  private var total = 0.0
  private(set) var seconds = 0.0
  private(set) var loss = 0.0

  init(steps: Int, readEvery: Int) {
    self.steps = steps
    self.readEvery = readEvery
  }

  var watchesBatches: Bool { true }

  func batchEnded(_ run: TrainingRun) {
    let step = run.batch - 1
    if step == 0 {
      total = run.loss
      start = .now
      return
    }
    // The sum before the last step is needed to tell that step's own loss from the mean.
    guard step % readEvery == 0 || step >= steps - 1 else { return }
    let sum = run.loss * Double(run.batch)
    loss = sum - total
    total = sum
    if step == steps { seconds = (ContinuousClock.now - start) / .seconds(1) }
  }
}
