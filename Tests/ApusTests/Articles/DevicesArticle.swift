import Apus
import Testing

/// The examples of the article on devices.
@Suite("article: devices") struct DevicesArticle {
  private static let hasPlugin = (try? XLAPlugins.plugin(for: "cpu")) != nil

  @Test(
    "the same training on the processor and on a plugin", .enabled(if: hasPlugin, "no PJRT plugin"))
  func training() throws {
    func train(on device: Device) throws -> [Double] {
      let digits = try MNIST.digits5k().dataset.prefix(512)
      let trainer = Trainer(LeNet5(), loss: .crossEntropy, device: device)
      return try trainer.fit(digits, epochs: 2, batchSize: 64, progress: .silent)["loss"]
    }
    let (native, compiled) = (try train(on: .cpu), try train(on: .xla("cpu")))
    #expect(native.count == 2 && native[1] < native[0])
    for (a, b) in zip(native, compiled) { #expect(abs(a - b) < 0.01 * a) }
  }

  @Test("a computation on a device", .enabled(if: hasPlugin, "no PJRT plugin"))
  func computation() throws {
    let norms = try Device("xla:cpu").run {
      let x = Tensor.normal([64, 64], key: RandomKey(seed: 1))
      return try matmul(x, x).square().sum(axes: [1]).sqrt().scalars()
    }
    let x = Tensor.normal([64, 64], key: RandomKey(seed: 1))
    let native = try matmul(x, x).square().sum(axes: [1]).sqrt().scalars()
    for (a, b) in zip(norms, native) { #expect(abs(a - b) < 1e-4 * b) }
  }

  @Test("meshes and plugins")
  func names() {
    let four = Device.mesh(["data": 4], on: "cuda")
    let split = Device.mesh(["data": 2, "model": 2], on: "cuda")
    let same = Device("mesh:data=2,model=2@cuda")
    #expect(split == same && four != same)

    for plugin in XLAPlugins.found() {
      print(plugin.platform, plugin.path, plugin.origin)
    }
  }
}
