import ApusCore
import Foundation
import Testing

@testable import ApusData

@Suite("atomic files") struct AtomicFileTests {
  @Test("content is replaced and nothing is left beside it")
  func replaces() throws {
    try withFolder { folder in
      try AtomicFile.write([1, 2], to: "\(folder)/a")
      try AtomicFile.write([3], to: "\(folder)/a")
      #expect(try FileBytes.read("\(folder)/a") == [3])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
    }
  }

  @Test("refusals name the path and leave no temporary file")
  func refusals() throws {
    checkRefusal("/nonexistent/a: cannot write: No such file or directory") {
      try AtomicFile.write([1], to: "/nonexistent/a")
    }
    try withFolder { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/d", withIntermediateDirectories: true)
      checkRefusal("\(folder)/d: cannot write: Is a directory") {
        try AtomicFile.write([1], to: "\(folder)/d")
      }
      checkRefusal("\(folder)/d: cannot read: Is a directory") {
        try FileBytes.read("\(folder)/d")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["d"])
    }
  }

  #if os(Linux)
    @Test("a full disk is a thrown error")
    func fullDisk() throws {
      let descriptor = open("/dev/full", O_WRONLY)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      #expect(throws: SystemError(code: ENOSPC)) {
        try [1, 2, 3].withUnsafeBytes { try AtomicWriter.write($0, to: descriptor) }
      }
      checkRefusal("model.bin: cannot write: No space left on device") {
        throw FileBytes.refusal("model.bin", "write", ENOSPC)
      }
    }
  #endif
}
