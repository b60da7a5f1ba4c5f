import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

extension MNIST {
  /// Downloads the four files of a collection into a folder; files already there and intact stay.
  ///
  /// - Throws: `DataError` naming the file and the reason of every mirror: no network, a server
  ///   that refuses, or a digest that differs. A damaged download is never kept.
  public static func download(_ collection: Collection, to directory: String) async throws {
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    for file in collection.files {
      try await Download(name: file.name, digest: file.digest, mirrors: collection.mirrors)
        .run(to: "\(directory)/\(file.name)")
    }
  }
}

/// One file of the network, recognised by its digest.
struct Download {
  let name: String
  let digest: String
  let mirrors: [String]

  func run(to path: String) async throws {
    if let present = try? FileBytes.read(path), MD5.hex(of: present) == digest { return }
    var reasons: [String] = []
    for mirror in mirrors {
      do {
        let bytes = try await fetch("\(mirror)/\(name)")
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

  private func fetch(_ address: String) async throws -> [UInt8] {
    guard let url = URL(string: address) else {
      throw DataError(address, .refused(action: "download", reason: "not an address"))
    }
    if url.isFileURL { return try FileBytes.read(url.path) }
    let (data, response) = try await URLSession.shared.data(from: url)
    if let response = response as? HTTPURLResponse, response.statusCode != 200 {
      throw DataError(
        address, .refused(action: "download", reason: "the server says \(response.statusCode)"))
    }
    return Array(data)
  }
}
