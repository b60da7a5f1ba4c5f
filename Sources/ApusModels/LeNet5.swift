import ApusCore
import ApusNN

/// LeNet-5 for images of 28 × 28 and ten classes, 61,706 parameters.
///
/// - Shape: `x[N, 28, 28, 1] → logits[N, classes]`.
/// - Source: LeCun et al. 1998, section 2, with the simplifications that became usual: full
///   connections between the convolutions, max pooling and ReLU unless told otherwise.
public final class LeNet5: Layer {
  public let conv1: Conv2D
  public let pool1 = MaxPool2D(2)
  public let conv2: Conv2D
  public let pool2 = MaxPool2D(2)
  public let flatten = Flatten()
  public let fc1: Dense
  public let fc2: Dense
  public let fc3: Dense

  public init(classes: Int = 10, activation: Activation = .relu) {
    conv1 = Conv2D(
      6, kernel: 5, padding: .symmetric(2), activation: activation, weight: .heUniform)
    conv2 = Conv2D(16, kernel: 5, activation: activation, weight: .heUniform)
    fc1 = Dense(120, activation: activation, weight: .heUniform)
    fc2 = Dense(84, activation: activation, weight: .heUniform)
    fc3 = Dense(classes)
  }

  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let features = pool2(conv2(pool1(conv1(x))))
    return fc3(fc2(fc1(flatten(features))))
  }
}
