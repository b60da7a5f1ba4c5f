import Apus
import ArgumentParser

/// The networks that the command line trains.
enum Architecture: String, CaseIterable, ExpressibleByArgument, Codable, Sendable {
  case lenet, mlp, iris

  /// A network without values.
  func model(classes: Int) -> any Layer {
    switch self {
    case .lenet: LeNet5(classes: classes)
    case .mlp: MLP([512, 256, classes])
    case .iris: IrisNet()
    }
  }

  /// The shape of one sample.
  var inputShape: [Int] { self == .iris ? [4] : [28, 28, 1] }

  var takesImages: Bool { self != .iris }

  var embeddedData: DataName { self == .iris ? .iris : .digits }

  /// The share of the embedded data that is held out for the test.
  var heldOut: Double { self == .iris ? 0.3 : 0.2 }

  var title: String {
    switch self {
    case .lenet: "LeNet-5"
    case .mlp: "MLP 784-512-256-10"
    case .iris: "MLP 4-30-16-3"
    }
  }

  /// The type of a batch of inputs.
  func inputType(_ count: Int, _ precision: Precision = .float32) -> TensorType {
    TensorType(precision == .float64 ? .float64 : .float32, Shape([count] + inputShape))
  }
}

extension Precision {
  /// The name on the command line.
  var option: String { self == .mixedBFloat16 ? "bfloat16" : rawValue }
}

/// A precision on the command line.
enum PrecisionOption: String, CaseIterable, ExpressibleByArgument {
  case float32, float64, bfloat16

  var precision: Precision {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .bfloat16: .mixedBFloat16
    }
  }
}
