import ApusCore
import ApusData
import ApusNN

/// Trains, evaluates and applies a model.
///
/// ```swift
/// let trainer = Trainer(model, loss: .crossEntropy, optimizer: Adam(), metrics: [.accuracy])
/// let history = try trainer.fit(train, epochs: 10, batchSize: 128, validation: test)
/// print(try trainer.evaluate(test))
/// ```
/// A step — forward, backward, clipping, update, sums of the metrics — is one plan, compiled once
/// per batch size. Two runs of one seed, machine and thread count agree bit for bit.
public final class Trainer {
  public let model: any Layer
  public let loss: Loss
  public let metrics: [Metric]
  /// What an update does besides the optimizer's rule.
  public let options: UpdateOptions
  public let seed: UInt64
  public let precision: Precision
  /// Where steps run.
  public let device: Device
  /// The update rule; its learning rate may change between runs.
  public var optimizer: any Optimizer
  /// The learning rate over the updates, as a factor of the optimizer's.
  public var schedule: Schedule { didSet { isScheduled = !schedule.isConstant } }
  /// Steps without a schedule do not ask it.
  private var isScheduled: Bool

  /// A factor of the learning rate, apart from the schedule: callbacks may change it.
  public var rateFactor = 1.0

  /// How many updates were made, over all runs.
  @exclusivity(unchecked) public internal(set) var step = 0
  /// How many epochs were finished, over all runs.
  public internal(set) var epoch = 0
  /// What updates remember, by slot and parameter path, as of the end of the last run.
  var slots: [String: Tensor] = [:]
  /// The same as it is now, during a run.
  var readSlots: (() -> [String: Tensor])?

  /// Creates a trainer.
  ///
  /// - Parameters:
  ///   - clipping: Limits gradients; takes the place of that of `options`.
  ///   - options: Groups of parameters, gathering of gradients, averages and more.
  ///   - seed: Decides first values of parameters that have none, the order of samples, dropout.
  ///   - device: Where steps run; parameters stay there between them.
  public init(
    _ model: any Layer, loss: Loss, optimizer: any Optimizer = Adam(), metrics: [Metric] = [],
    schedule: Schedule = .constant, clipping: GradientClipping? = nil,
    options: UpdateOptions = UpdateOptions(), seed: UInt64 = 0, precision: Precision = .float32,
    device: Device = .cpu
  ) {
    var options = options
    if let clipping { options.clipping = clipping }
    self.model = model
    self.loss = loss
    self.optimizer = optimizer
    self.metrics = metrics
    self.schedule = schedule
    isScheduled = !schedule.isConstant
    self.options = options
    self.seed = seed
    self.precision = precision
    self.device = device
  }

  /// The learning rate of the next update.
  public var learningRate: Double {
    optimizer.learningRate * (isScheduled ? schedule.factor(at: step) : 1) * rateFactor
  }

  var recipe: StepRecipe {
    StepRecipe(
      model: model, loss: loss, optimizer: optimizer, metrics: metrics, options: options,
      precision: precision)
  }

  /// Gives parameters without values their first ones.
  func build(for source: any BatchSource) throws(TensorError) {
    try build(for: source.inputType(max(min(source.batchSize, source.sampleCount), 1)))
  }

  /// Gives parameters without values their first ones, for batches of a type.
  func build(for input: TensorType) throws(TensorError) {
    let dtype = input.dtype.isFloating ? precision.inputDType : input.dtype
    let at = CallSite.ofRun
    try model.build(
      TensorType(dtype, input.shape), seed: seed, file: at.file, line: at.line)
  }

  /// Names of the sums: the loss, then the metrics.
  var figureNames: [String] { ["loss"] + metrics.map(\.name) }
}
