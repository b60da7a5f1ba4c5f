import ApusCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Compiled programs as files of one folder.
///
/// Files that are broken, of another program with the same name, or of another format count as
/// absent and are written anew. Nothing that fails here stops a program: it is compiled then.
struct ProgramStore: Sendable {
  let folder: String
  /// Bytes that all files may take together; those not read for the longest time are removed.
  let limit: Int

  static let usualLimit = 2 << 30
  private static let suffix = ".xla"

  init(folder: String, limit: Int = usualLimit) {
    self.folder = folder
    self.limit = limit
  }

  /// The store that variables name; `nil` where there is none.
  init?(_ environment: [String: String]) {
    func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let choice = given("APUS_CACHE") {
      if ["off", "none", "0"].contains(choice.lowercased()) { return nil }
      self.init(folder: choice + "/programs")
    } else if let caches = given("XDG_CACHE_HOME") {
      self.init(folder: caches + "/apus/programs")
    } else if let home = given("HOME") {
      self.init(folder: home + "/.cache/apus/programs")
    } else {
      return nil
    }
  }

  func path(of key: ProgramKey) -> String { "\(folder)/\(ProgramFile.name(of: key))\(Self.suffix)" }

  /// The kept bytes of a program, if they are whole and of that program.
  func read(_ key: ProgramKey) -> [UInt8]? {
    let path = path(of: key)
    guard let file = Folder.bytes(of: path), let program = ProgramFile.program(in: file, of: key)
    else { return nil }
    // The time of the last use, as files that are read are not marked everywhere.
    utimes(path, nil)
    return program
  }

  /// Keeps the bytes of a program, at once or not at all.
  func write(_ program: [UInt8], _ key: ProgramKey) {
    let file = ProgramFile.bytes(of: program, key)
    guard file.count <= limit, make(folder) else { return }
    file.withUnsafeBytes { bytes in try? AtomicWriter.write([bytes], to: path(of: key)) }
    shrink()
  }

  func remove(_ key: ProgramKey) { unlink(path(of: key)) }

  /// Removes files, the longest unused first, until the rest fits the limit.
  private func shrink() {
    var files: [(path: String, size: Int, used: timespec)] = []
    for name in Folder.entries(of: folder) where name.hasSuffix(Self.suffix) {
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0 else { continue }
      files.append(("\(folder)/\(name)", Int(status.st_size), status.lastChange))
    }
    var total = files.reduce(0) { $0 + $1.size }
    guard total > limit else { return }
    files.sort { ($0.used.tv_sec, $0.used.tv_nsec) < ($1.used.tv_sec, $1.used.tv_nsec) }
    for file in files where total > limit {
      if unlink(file.path) == 0 { total -= file.size }
    }
  }

  /// Makes a folder and those above it.
  private func make(_ path: String) -> Bool {
    if Folder.isFolder(path) { return true }
    let parent = Folder.parent(of: path)
    guard parent.isEmpty || parent == path || make(parent) else { return false }
    return mkdir(path, 0o700) == 0 || Folder.isFolder(path)
  }
}

extension stat {
  var lastChange: timespec {
    #if canImport(Darwin)
      st_mtimespec
    #else
      st_mtim
    #endif
  }
}

extension PJRTPlugin {
  /// The file that was opened: another build at the same place is another plugin.
  var identity: String {
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    let time = status.lastChange
    return "\(path) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
  }
}
