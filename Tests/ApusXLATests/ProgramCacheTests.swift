import ApusCore
import Foundation
import Testing

@testable import ApusXLA

@Suite("cache of compiled programs") struct ProgramCacheTests {
  private static let text = """
    module @apus {
      func.func public @main(%arg0: tensor<3xf32>) -> (tensor<3xf32>) {
        %0 = stablehlo.add %arg0, %arg0 : tensor<3xf32>
        return %0 : tensor<3xf32>
      }
    }
    """

  private func cache(_ tree: Tree) -> ProgramCache {
    ProgramCache(ProgramStore(folder: tree.path("cache/programs")), leastSeconds: 0)
  }

  /// What a program of the cache makes of 1, 2, 3.
  private func result(_ program: PJRTProgram) throws -> [Float] {
    let input = try ([1, 2, 3] as [Float]).withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
      try PJRTBuffer(
        program.client, program.devices[0], #require(bytes.baseAddress), TensorType(.float32, [3]))
    }
    let run = try program.run([input], keeping: [])
    var result: [Float] = [0, 0, 0]
    try result.withUnsafeMutableBytes {
      try run.results[0][0].read(into: #require($0.baseAddress), byteCount: $0.count)
    }
    for event in run.events { try event.wait() }
    return result
  }

  @Test("the second process loads what the first compiled", .needsPlugin)
  func loads() throws {
    try Tree.temporary { tree in
      let placement = try XLAPlacement(.xla("cpu"))
      let first = cache(tree)
      let program = try first.program(Self.text, placement)
      #expect(first.counts == .init(compiled: 1, loaded: 0, shared: 0))
      #expect(try result(program) == [2, 4, 6])
      _ = try first.program(Self.text, placement)
      #expect(first.counts == .init(compiled: 1, loaded: 0, shared: 1))
      let second = cache(tree)
      #expect(try result(second.program(Self.text, placement)) == [2, 4, 6])
      #expect(second.counts == .init(compiled: 0, loaded: 1, shared: 0))
    }
  }

  @Test("another program and other options are compiled", .needsPlugin)
  func others() throws {
    try Tree.temporary { tree in
      let placement = try XLAPlacement(.xla("cpu"))
      let cache = cache(tree)
      let sum = try cache.program(Self.text, placement)
      let text = Self.text.replacing("stablehlo.add", with: "stablehlo.multiply")
      #expect(try result(cache.program(text, placement)) == [1, 4, 9])
      #expect(try result(sum) == [2, 4, 6])
      let two = try XLAPlacement(.xla("cpu:1"))
      #expect(try result(cache.program(Self.text, two)) == [2, 4, 6])
      #expect(cache.counts.compiled == 3)
    }
  }

  @Test("files that are broken anywhere are compiled again and written anew", .needsPlugin)
  func broken() throws {
    try Tree.temporary { tree in
      let placement = try XLAPlacement(.xla("cpu"))
      _ = try cache(tree).program(Self.text, placement)
      let folder = tree.path("cache/programs")
      let path = try #require(Folder.entries(of: folder).map { "\(folder)/\($0)" }.first)
      let whole = try #require(Folder.bytes(of: path))
      var changed = whole
      changed[whole.count - 100] ^= 1
      let variants = [[], Array(whole.prefix(whole.count / 2)), changed, whole + [0], [1, 2, 3]]
      for variant in variants {
        try Data(variant).write(to: URL(fileURLWithPath: path))
        let cache = cache(tree)
        #expect(try result(cache.program(Self.text, placement)) == [2, 4, 6])
        #expect(cache.counts == .init(compiled: 1, loaded: 0, shared: 0))
        let again = self.cache(tree)
        _ = try again.program(Self.text, placement)
        #expect(again.counts.loaded == 1)
      }
    }
  }

  @Test("a whole file that the plugin refuses is compiled again", .needsPlugin)
  func refused() throws {
    try Tree.temporary { tree in
      let placement = try XLAPlacement(.xla("cpu"))
      let key = ProgramKey(
        text: Self.text, options: placement.compileOptions.bytes, client: placement.client)
      let store = ProgramStore(folder: tree.path("cache/programs"))
      store.write(Array("no executable".utf8), key)
      #expect(store.read(key) != nil)
      let cache = cache(tree)
      #expect(try result(cache.program(Self.text, placement)) == [2, 4, 6])
      #expect(cache.counts == .init(compiled: 1, loaded: 0, shared: 0))
      #expect(store.read(key) != Array("no executable".utf8))
    }
  }

  @Test("programs that compile at once are not kept on disk", .needsPlugin)
  func quick() throws {
    try Tree.temporary { tree in
      let store = ProgramStore(folder: tree.path("cache"))
      let cache = ProgramCache(store, leastSeconds: 3600)
      _ = try cache.program(Self.text, try XLAPlacement(.xla("cpu")))
      #expect(Folder.entries(of: tree.path("cache")).isEmpty)
    }
  }
}

@Suite("files of compiled programs") struct ProgramStoreTests {
  private func key(_ text: String, plugin: String = "p", options: [UInt8] = []) -> ProgramKey {
    ProgramKey(
      text: text, options: options, plugin: plugin, client: ObjectIdentifier(ProgramCache.shared))
  }

  @Test("a file is of one program, plugin and options")
  func keys() throws {
    try Tree.temporary { tree in
      let store = ProgramStore(folder: tree.path("a/b"))
      store.write([1, 2, 3], key("x"))
      #expect(store.read(key("x")) == [1, 2, 3])
      let others = [key("y"), key("x", plugin: "q"), key("x", options: [0]), key("", plugin: "px")]
      for other in others { #expect(store.read(other) == nil) }
      #expect(Set((others + [key("x")]).map { store.path(of: $0) }).count == 5)
    }
  }

  @Test("a file under the name of another program is not taken")
  func foreign() throws {
    try Tree.temporary { tree in
      let store = ProgramStore(folder: tree.root)
      store.write([1], key("x"))
      try FileManager.default.moveItem(
        atPath: store.path(of: key("x")), toPath: store.path(of: key("y")))
      #expect(store.read(key("y")) == nil)
      store.write([2], key("y"))
      #expect(store.read(key("y")) == [2])
    }
  }

  @Test("the files unused for the longest time are removed beyond the limit")
  func limit() throws {
    try Tree.temporary { tree in
      let store = ProgramStore(folder: tree.root, limit: 3500)
      for (age, name) in ["a", "b", "c"].enumerated() {
        store.write([UInt8](repeating: 0, count: 1000), key(name))
        let date = Date(timeIntervalSince1970: Double(1_000_000 + age))
        try FileManager.default.setAttributes(
          [.modificationDate: date], ofItemAtPath: store.path(of: key(name)))
      }
      // Reading makes the oldest the most recent.
      #expect(store.read(key("a")) != nil)
      store.write([UInt8](repeating: 0, count: 1000), key("d"))
      #expect(
        ["a", "b", "c", "d"].map { store.read(key($0)) != nil } == [true, false, true, true])
      store.write([UInt8](repeating: 0, count: 5000), key("large"))
      #expect(store.read(key("large")) == nil)
    }
  }

  @Test("variables name the folder, or that there is none")
  func folders() {
    func folder(_ environment: [String: String]) -> String? { ProgramStore(environment)?.folder }
    #expect(folder(["APUS_CACHE": "/c", "HOME": "/h"]) == "/c/programs")
    #expect(folder(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/apus/programs")
    #expect(folder(["HOME": "/h"]) == "/h/.cache/apus/programs")
    #expect(folder(["APUS_CACHE": "off", "HOME": "/h"]) == nil)
    #expect(folder([:]) == nil)
  }

  @Test("a folder that cannot be made is as if there were no cache")
  func unwritable() {
    let store = ProgramStore(folder: "/proc/none/here")
    store.write([1], key("x"))
    #expect(store.read(key("x")) == nil)
  }
}
