import Testing

@testable import ApusCore

@Suite("devices by their names") struct DeviceTests {
  @Test("a processor, devices of platforms, files of plugins")
  func devices() {
    #expect(Device("cpu") == .cpu)
    #expect(Device("xla:cpu") == .xla("cpu"))
    #expect(Device("cuda") == .xla("cuda:0"))
    #expect(Device("cuda:3").kind == .xla(platform: "cuda", index: 3))
    #expect(Device("xla:/a/b.so:1").kind == .xla(platform: "/a/b.so", index: 1))
  }

  @Test("meshes with one axis and with several")
  func meshes() {
    #expect(Device("mesh:data=4@cpu") == .mesh(["data": 4], on: "cpu"))
    #expect(Device("mesh:data=2,model=3@tpu") == .mesh(["data": 2, "model": 3], on: "tpu"))
    #expect(Device("mesh:data=8") == .mesh(["data": 8], on: "cuda"))
  }

  @Test(
    "what names no device says why",
    arguments: [
      ("cuda:x", "'cuda:x' names no device: write a platform, or platform:number"),
      ("cuda:-1", "'cuda:-1' names no device: write a platform, or platform:number"),
      ("", "'' names no device: write a platform, or platform:number"),
      ("mesh:", "'mesh:' names no mesh: write mesh:axis=count,axis=count@platform"),
      ("mesh:data=2@", "'mesh:data=2@' names no mesh: write mesh:axis=count,axis=count@platform"),
      ("mesh:data=2.5", "'mesh:data=2.5' names no mesh: write mesh:axis=count,axis=count@platform"),
      ("mesh:data=0@cpu", "axis data of the mesh has 0 devices"),
      ("mesh:a=2,a=2@cpu", "axis a is twice in the mesh"),
    ])
  func mistakes(text: String, reason: String) {
    #expect(Device(text).mistake == reason)
    #expect(throws: TensorError.self) { try Device(text).executor() }
  }
}
