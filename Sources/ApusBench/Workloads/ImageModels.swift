import Apus

extension Sequential {
  /// Six convolutions in three stages of 32, 64 and 128 channels, two dense layers.
  static func smallVGG() -> Sequential {
    Sequential {
      for filters in [32, 64, 128] {
        Conv2D(filters, kernel: 3, padding: .symmetric(1), activation: .relu)
        Conv2D(filters, kernel: 3, padding: .symmetric(1), activation: .relu)
        MaxPool2D(2)
      }
      Flatten()
      Dense(256, activation: .relu)
      Dense(10)
    }
  }

  /// ResNet-18 for small images: a stem of 3 × 3 and no first pooling.
  static func resNet18() -> Sequential {
    Sequential {
      normalized(64, kernel: 3)
      Activation.relu
      for (index, filters) in [64, 128, 256, 512].enumerated() {
        residual(filters, stride: index == 0 ? 1 : 2, widens: index > 0)
        residual(filters, stride: 1, widens: false)
      }
      GlobalAvgPool2D()
      Dense(10)
    }
  }

  /// Depthwise separable blocks as in MobileNet, every convolution with batch norm and ReLU.
  static func smallMobileNet() -> Sequential {
    Sequential {
      normalized(32, kernel: 3)
      Activation.relu
      for (filters, stride) in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] {
        DepthwiseConv2D(kernel: 3, stride: stride, padding: .symmetric(1), useBias: false)
        BatchNorm()
        Activation.relu
        normalized(filters, kernel: 1)
        Activation.relu
      }
      GlobalAvgPool2D()
      Dense(10)
    }
  }

  /// A layer of DCGAN's generator between two dense ones.
  static func generator() -> Sequential {
    Sequential {
      Dense(256 * 8 * 8, activation: .relu)
      Reshape(256, 8, 8)
      ConvTranspose2D(
        128, kernel: 4, stride: 2, padding: .symmetric(1), activation: .relu,
        layout: .channelsFirst)
      GlobalAvgPool2D(layout: .channelsFirst)
      Dense(10)
    }
  }
}

/// A convolution and its batch norm.
private func normalized(_ filters: Int, kernel: Int, stride: Int = 1) -> [any Layer] {
  [
    Conv2D(
      filters, kernel: kernel, stride: stride, padding: .symmetric(kernel / 2), useBias: false),
    BatchNorm(),
  ]
}

/// The basic block of ResNet.
private func residual(_ filters: Int, stride: Int, widens: Bool) -> Residual {
  let shortcut = Sequential(normalized(filters, kernel: 1, stride: stride))
  return Residual(shortcut: widens ? shortcut : nil, activation: .relu) {
    normalized(filters, kernel: 3, stride: stride)
    Activation.relu
    normalized(filters, kernel: 3)
  }
}
