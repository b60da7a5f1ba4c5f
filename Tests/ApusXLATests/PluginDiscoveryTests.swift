import ApusCore
import Foundation
import Testing

@testable import ApusXLA

@Suite("plugin discovery") struct PluginDiscoveryTests {
  @Test(
    "names of files and folders tell the platform",
    arguments: [
      ("/a/pjrt_c_api_cpu_plugin.so", "cpu"), ("/a/xla_cpu_pjrt.so", "cpu"),
      ("/p/xla_cuda13/xla_cuda_plugin.so", "cuda"), ("/p/xla_cuda13/plugin.so", "cuda"),
      ("/p/libtpu/libtpu.so", "tpu"), ("/p/xla_rocm60/xla_rocm_plugin.so", "rocm"),
      ("/a/pjrt_c_api_gpu_plugin.so", "gpu"), ("/p/xla_newchip/thing.so", "newchip"),
      ("/p/other/thing.so", "unknown"), ("/gpu/farm/cpus/thing.so", "unknown"),
    ])
  func platforms(path: String, platform: String) {
    #expect(PluginDescription(path: path, origin: "").platform == platform)
  }

  @Test("a GPU's plugin serves what it may be, no more")
  func serving() {
    let gpu = PluginDescription(path: "/a/pjrt_c_api_gpu_plugin.so", origin: "")
    let cuda = PluginDescription(path: "/a/xla_cuda_plugin.so", origin: "")
    #expect(["cuda", "rocm", "gpu"].allSatisfy(gpu.serves) && !gpu.serves("cpu"))
    #expect(cuda.serves("gpu") && !cuda.serves("rocm"))
  }

  @Test("entry points of both groups are read, others are not")
  func entryPoints() {
    let text = """
      [console_scripts]
      tool = tool.main:run
      [jax_plugins]
      xla_cuda13 = jax_plugins.xla_cuda13
      [xla_plugins]
      x = some.where:initialize [extra]
      """
    let found = EntryPoints(text).plugins
    #expect(found.map(\.group) == ["jax_plugins", "xla_plugins"])
    #expect(found.map(\.folder) == ["jax_plugins/xla_cuda13", "some/where"])
  }

  @Test("plugins of packages are found in the active environment")
  func packages() throws {
    try Tree.temporary { tree in
      let site = "venv/lib/python3.11/site-packages"
      try tree.add("\(site)/jax_plugins/xla_cuda13/xla_cuda_plugin.so")
      try tree.add("\(site)/jax_plugins/xla_cuda13/_helper.cpython-311-x86_64-linux-gnu.so")
      try tree.add("\(site)/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so")
      try tree.add("\(site)/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so")
      try tree.add("\(site)/libtpu/libtpu.so")
      try tree.add("\(site)/announced/deep/strange_rocm.so")
      try tree.add(
        "\(site)/announced-1.dist-info/entry_points.txt", "[jax_plugins]\nx = announced.deep\n")
      try tree.add("\(site)/unrelated/lib.so")
      let found = tree.discovery(["VIRTUAL_ENV": tree.path("venv")]).found
      #expect(
        Set(
          found.map {
            "\($0.platform) \($0.path.split(separator: "/").suffix(2).joined(separator: "/"))"
          })
          == [
            "cuda xla_cuda13/xla_cuda_plugin.so", "cpu xla_cpu_pjrt/xla_cpu_pjrt.so",
            "cpu lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", "tpu libtpu/libtpu.so",
            "rocm deep/strange_rocm.so",
          ])
      #expect(found.count == 5)
    }
  }

  @Test("the python that the shell would run has its packages looked at")
  func pathOfPython() throws {
    try Tree.temporary { tree in
      try tree.add("real/bin/python3.12")
      try tree.add("real/lib/python3.12/site-packages/xla_plugins/a/a_cpu.so")
      try tree.add("shims/here")
      try FileManager.default.createSymbolicLink(
        atPath: tree.path("shims/python3"), withDestinationPath: tree.path("real/bin/python3.12"))
      let found = tree.discovery(["PATH": "/nowhere:" + tree.path("shims")]).found
      #expect(found.map(\.platform) == ["cpu"])
    }
  }

  @Test("variables come before packages, the platform's own before others")
  func order() throws {
    try Tree.temporary { tree in
      for name in ["own", "any", "pair", "list/x"] { try tree.add("\(name)_cpu.so") }
      try tree.add(".deps/pjrt/package/p_cpu.so")
      var environment = [
        "APUS_PJRT_CPU": tree.path("own_cpu.so"), "APUS_PJRT_PLUGIN": tree.path("any_cpu.so"),
        "PJRT_NAMES_AND_LIBRARY_PATHS": "cpu:" + tree.path("pair_cpu.so"),
        "PJRT_PLUGIN_LIBRARY_PATH": tree.path("list"),
      ]
      let order = [
        ("APUS_PJRT_CPU", "own_cpu.so"), ("APUS_PJRT_PLUGIN", "any_cpu.so"),
        ("PJRT_NAMES_AND_LIBRARY_PATHS", "pair_cpu.so"),
        ("PJRT_PLUGIN_LIBRARY_PATH", "list/x_cpu.so"),
      ]
      #expect(tree.discovery(environment).found.count == 5)
      for (variable, file) in order {
        let chosen = try tree.discovery(environment).plugin(for: "cpu")
        #expect(chosen.path == tree.path(file) && chosen.origin == variable)
        environment[variable] = nil
      }
      let last = try tree.discovery(environment).plugin(for: "cpu")
      #expect(last.path == tree.path(".deps/pjrt/package/p_cpu.so"))
    }
  }

  @Test("the newest of several installed plugins is taken, one that does not open never")
  func newest() throws {
    try Tree.temporary { tree in
      for name in ["a", "b", "c", "d"] { try tree.add(".deps/pjrt/\(name)_cpu.so") }
      let versions = ["a": (0, 81), "b": (0, 115), "c": (0, 99)]
      let discovery = PluginDiscovery(environment: [:], packageDirectory: tree.root) { path in
        versions[String(path.split(separator: "/").last?.first ?? " ")]
      }
      #expect(try discovery.plugin(for: "cpu").path == tree.path(".deps/pjrt/b_cpu.so"))
    }
  }

  @Test("a path is taken as it is; one that is not there is told with what named it")
  func paths() throws {
    try Tree.temporary { tree in
      try tree.add("some.so")
      let path = tree.path("some.so")
      #expect(try tree.discovery([:]).plugin(for: path).path == path)
      let error = #expect(throws: TensorError.self) {
        try tree.discovery(["APUS_PJRT_CUDA": "nowhere/x.so"]).plugin(for: "cuda")
      }
      #expect(error?.reason == "there is no plugin nowhere/x.so, which APUS_PJRT_CUDA names")
    }
  }

  @Test("no plugin: the error lists what was looked at")
  func absence() throws {
    try Tree.temporary { tree in
      try tree.add("venv/lib/python3.11/site-packages/xla_plugins/a/a_cpu.so")
      let environment = ["VIRTUAL_ENV": tree.path("venv"), "APUS_PJRT_TPU": "/t.so"]
      let error = #expect(throws: TensorError.self) {
        try tree.discovery(environment).plugin(for: "cuda")
      }
      let site = tree.path("venv/lib/python3.11/site-packages")
      #expect(
        error?.reason == """
          no PJRT plugin for cuda was found
            APUS_PJRT_CUDA: not set
            APUS_PJRT_PLUGIN: not set
            PJRT_NAMES_AND_LIBRARY_PATHS: not set
            PJRT_PLUGIN_LIBRARY_PATH: not set
            looked in \(tree.root)/.deps/pjrt
            looked in \(site)
            found tpu at /t.so, from APUS_PJRT_TPU
            found cpu at \(site)/xla_plugins/a/a_cpu.so, from xla_plugins in \(site)
          """)
    }
  }
}

/// A folder of empty files for the time of a test.
struct Tree {
  let root: String

  static func temporary<R>(_ body: (Tree) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.path + "/apus-tree-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(Tree(root: Folder.resolved(path) ?? path))
  }

  func path(_ name: String) -> String { "\(root)/\(name)" }

  func add(_ name: String, _ text: String = "") throws {
    try FileManager.default.createDirectory(
      atPath: Folder.parent(of: path(name)), withIntermediateDirectories: true)
    try text.write(toFile: path(name), atomically: false, encoding: .utf8)
  }

  func discovery(_ environment: [String: String]) -> PluginDiscovery {
    PluginDiscovery(environment: environment, packageDirectory: root) { _ in (0, 100) }
  }
}
