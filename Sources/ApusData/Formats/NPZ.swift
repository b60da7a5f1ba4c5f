/// NumPy's format for several named arrays: a zip archive of NPY files.
///
/// - Source: NumPy documentation, `numpy.savez` and `numpy.savez_compressed`.
public enum NPZ {
  /// Reads all arrays of the file at `path`.
  ///
  /// - Throws: `DataError` naming the archive and the array inside it.
  public static func read(_ path: String) throws -> [String: HostArray] {
    try decode(FileBytes.read(path), source: path)
  }

  /// Reads all arrays from the bytes of a file; `source` names them in errors.
  public static func decode(_ bytes: [UInt8], source: String) throws -> [String: HostArray] {
    var arrays: [String: HostArray] = [:]
    for member in try Zip.decode(bytes, source: source) {
      let name = member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name
      arrays[name] = try NPY.decode(member.bytes, source: "\(source)/\(member.name)")
    }
    return arrays
  }

  /// Writes `arrays` to `path`, sorted by name.
  ///
  /// - Throws: `DataError` for element types that NumPy lacks, or when the disk refuses.
  public static func write(
    _ arrays: [String: HostArray], to path: String, compressed: Bool = true
  ) throws {
    try AtomicFile.write(encode(arrays, compressed: compressed, source: path), to: path)
  }

  /// Returns the bytes of a file holding `arrays`.
  public static func encode(
    _ arrays: [String: HostArray], compressed: Bool = true, source: String = "NPZ"
  ) throws -> [UInt8] {
    let members = try arrays.sorted { $0.key < $1.key }.map { name, array in
      Zip.Member(
        name: name + ".npy", bytes: try NPY.encode(array, source: "\(source)/\(name).npy"))
    }
    return try Zip.encode(members, compressed: compressed, source: source)
  }
}
