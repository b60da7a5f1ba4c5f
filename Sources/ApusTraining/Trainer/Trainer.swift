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
  public let clipping: GradientClipping?
  public let seed: UInt64
  public let precision: Precision
  /// The update rule; its learning rate may change between runs.
  public var optimizer: any Optimizer
  /// The learning rate over the updates, as a factor of the optimizer's.
  public var schedule: Schedule

  /// How many updates were made, over all runs.
  public internal(set) var step = 0
  /// How many epochs were finished, over all runs.
  public internal(set) var epoch = 0
  /// What the optimizer remembers, by slot and parameter path.
  var slots: [String: Tensor] = [:]

  /// Creates a trainer.
  ///
  /// - Parameters:
  ///   - seed: Decides first values of parameters that have none, the order of samples, dropout.
  public init(
    _ model: any Layer, loss: Loss, optimizer: any Optimizer = Adam(), metrics: [Metric] = [],
    schedule: Schedule = .constant, clipping: GradientClipping? = nil, seed: UInt64 = 0,
    precision: Precision = .float32
  ) {
    self.model = model
    self.loss = loss
    self.optimizer = optimizer
    self.metrics = metrics
    self.schedule = schedule
    self.clipping = clipping
    self.seed = seed
    self.precision = precision
  }

  /// The learning rate of the next update.
  public var learningRate: Double { optimizer.learningRate * schedule.factor(at: step) }

  var recipe: StepRecipe {
    StepRecipe(
      model: model, loss: loss, optimizer: optimizer, metrics: metrics, clipping: clipping,
      precision: precision)
  }

  /// Gives parameters without values their first ones.
  func build(for source: any BatchSource) throws(TensorError) {
    let input = source.inputType(max(min(source.batchSize, source.sampleCount), 1))
    let dtype = input.dtype.isFloating ? precision.inputDType : input.dtype
    try model.build(TensorType(dtype, input.shape), seed: seed)
  }

  /// Names of the sums: the loss, then the metrics.
  var figureNames: [String] { ["loss"] + metrics.map(\.name) }
}
