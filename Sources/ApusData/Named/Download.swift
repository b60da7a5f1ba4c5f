import Foundation

extension MNIST {
  /// Downloads the four files of a collection into a folder; files already there and intact stay.
  ///
  /// Runs the program `curl`: linking a network library would slow every start of every program.
  ///
  /// - Throws: `DataError` naming the file and the reason of every mirror: no network, a server
  ///   that refuses, or a digest that differs. A damaged download is never kept.
  public static func download(_ collection: Collection, to directory: String) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw DataError(
        directory, .refused(action: "create the folder", reason: error.localizedDescription))
    }
    for file in collection.files {
      try Download(name: file.name, digest: file.digest, mirrors: collection.mirrors)
        .run(to: "\(directory)/\(file.name)")
    }
  }
}

/// One file of the network, recognised by its digest.
struct Download {
  let name: String
  let digest: String
  let mirrors: [String]

  func run(to path: String) throws {
    if let present = try? FileBytes.read(path), MD5.hex(of: present) == digest { return }
    var reasons: [String] = []
    for mirror in mirrors {
      do {
        let bytes = try fetch("\(mirror)/\(name)", scratch: path + ".part")
        let found = MD5.hex(of: bytes)
        guard found == digest else {
          throw DataError(
            "\(mirror)/\(name)", .checksum(what: "MD5", expected: digest, found: found))
        }
        return try AtomicFile.write(bytes, to: path)
      } catch let error as DataError {
        if error.source == path { throw error }
        reasons.append(error.description)
      } catch {
        reasons.append("\(mirror)/\(name): \(error.localizedDescription)")
      }
    }
    throw DataError(path, .refused(action: "download", reason: reasons.joined(separator: "; ")))
  }

  private func fetch(_ address: String, scratch: String) throws -> [UInt8] {
    if let url = URL(string: address), url.isFileURL { return try FileBytes.read(url.path) }
    defer { unlink(scratch) }
    let curl = Process()
    let errors = Pipe()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    curl.arguments = [
      "curl", "--fail", "--silent", "--show-error", "--location", "--connect-timeout", "20",
      "--output", scratch, "--", address,
    ]
    curl.standardError = errors
    try curl.run()
    let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    curl.waitUntilExit()
    switch curl.terminationStatus {
    case 0: return try FileBytes.read(scratch)
    case 127:
      throw DataError(address, .missingLibrary("the program curl", neededFor: "downloading"))
    default:
      let reason = message.trimmingCharacters(in: .whitespacesAndNewlines)
      throw DataError(address, .refused(action: "download", reason: reason))
    }
  }
}
