import ApusCore
import ApusNN
import ApusTestSupport
import Testing

/// The blocks that networks of the zoo are made of, from the small parts: sizes and counts.
@Suite("blocks of networks") struct BlockTests {
  private func build(_ block: some Layer, _ shape: [Int]) throws -> (Shape, Int) {
    let output = try block.build(TensorType(.float32, shape), seed: 1)
    return (output.shape, block.parameterCount)
  }

  private func conv(_ filters: Int, _ kernel: Int, stride: Int = 1, groups: Int = 1) -> [any Layer]
  {
    [
      Conv2D(
        filters, kernel: kernel, stride: stride, padding: .symmetric(kernel / 2), groups: groups,
        useBias: false), BatchNorm(), ActivationLayer(.relu),
    ]
  }

  @Test("ResNet-50's first bottleneck has 75,008 parameters; squeeze and excitation adds 8,464")
  func bottleneck() throws {
    func block(squeezed: Bool) -> Residual {
      Residual(
        shortcut: Sequential([Conv2D(256, kernel: 1, useBias: false), BatchNorm()]),
        activation: .relu
      ) {
        conv(64, 1)
        conv(64, 3)
        Conv2D(256, kernel: 1, useBias: false)
        BatchNorm()
        if squeezed { SqueezeExcitation() }
      }
    }
    // 64·64 + 128 + 64·64·9 + 128 + 64·256 + 512, and 64·256 + 512 beside.
    let plain = try build(block(squeezed: false), [1, 8, 8, 64])
    #expect(plain == ([1, 8, 8, 256], 75_008))
    let squeezed = try build(block(squeezed: true), [1, 8, 8, 64])
    #expect(squeezed == ([1, 8, 8, 256], 75_008 + 256 * 16 * 2 + 16 + 256))
  }

  @Test("dense layers, dual paths, inverted residuals, fire and shuffle units, a skip of the U-Net")
  func others() throws {
    // DenseNet-121's first dense layer: 128 + 64·128 + 256 + 128·32·9.
    let dense = Residual(merging: .concatenation()) {
      BatchNorm()
      Activation.relu
      conv(128, 1)
      Conv2D(32, kernel: 3, padding: .same, useBias: false)
    }
    #expect(try build(dense, [1, 4, 4, 64]) == ([1, 4, 4, 96], 128 + 8_192 + 256 + 36_864))
    let dual = DualPath(residual: 16) { Conv2D(20, kernel: 1) }
    #expect(try build(dual, [1, 4, 4, 24]) == ([1, 4, 4, 28], 24 * 20 + 20))
    // MobileNetV2: expansion by 6, depthwise, projection.
    let inverted = Residual {
      conv(144, 1)
      conv(144, 3, groups: 144)
      Conv2D(24, kernel: 1, useBias: false)
      BatchNorm()
    }
    let parts = 24 * 144 + 288 + 144 * 9 + 288 + 144 * 24 + 48
    #expect(try build(inverted, [1, 4, 4, 24]) == ([1, 4, 4, 24], parts))
    let fire = Sequential {
      Conv2D(16, kernel: 1, activation: .relu)
      Branches {
        Conv2D(64, kernel: 1, activation: .relu)
        Conv2D(64, kernel: 3, padding: .same, activation: .relu)
      }
    }
    #expect(try build(fire, [1, 4, 4, 64]) == ([1, 4, 4, 128], 11_408))
    let shuffle = ChannelSplit {
      Identity()
      Sequential(conv(12, 1) + conv(12, 3, groups: 12) + conv(12, 1))
    }
    #expect(try build(shuffle, [1, 4, 4, 24]) == ([1, 4, 4, 24], 2 * (144 + 24) + 108 + 24))
    let skip = Residual(merging: .concatenation()) {
      Conv2D(8, kernel: 3, padding: .same)
      Residual(merging: .concatenation()) { Conv2D(8, kernel: 3, padding: .same) }
    }
    let inner = 8 * 4 * 9 + 8 + 8 * 8 * 9 + 8
    #expect(try build(skip, [1, 4, 4, 4]) == ([1, 4, 4, 20], inner))
  }

  @Test("layers of one branch that do not fit are refused by name, not broadcast")
  func refusals() {
    let x = standIn(.float32, [2, 4])
    let error = Residual(Dense(1))(x, file: "App/Main.swift", line: 7).error
    #expect(error?.operation == "sum" && error?.reason == "shapes differ: [2, 4] and [2, 1]")
    #expect(error?.site == CallSite(file: "App/Main.swift", line: 7))
    #expect(Merging.sum([]).error?.reason == "there is nothing to merge")
    let dtypes = Merging.product([x, standIn(.float64, [2, 4])])
    #expect(dtypes.error?.reason == "dtypes differ: f32 and f64")
  }
}
