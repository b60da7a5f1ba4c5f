/// The folders that Python packages are installed in, and the plugins that lie there.
struct PythonPackages {
  let environment: [String: String]

  /// Folders that exist, the closest to the user first: the active environment, then the `python3`
  /// that the shell would run, then the user's own packages.
  var directories: [String] {
    var prefixes = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let program = "\(folder)/python3"
      guard Folder.exists(program) else { continue }
      prefixes.append(Folder.parent(of: String(folder)))
      // A program that is a link lies in the folder of its installation.
      if let real = Folder.resolved(program) {
        prefixes.append(Folder.parent(of: Folder.parent(of: real)))
      }
    }
    if let home = environment["HOME"] {
      let versions = (environment["PYENV_ROOT"] ?? home + "/.pyenv") + "/versions"
      prefixes += Folder.entries(of: versions).map { "\(versions)/\($0)" }
      prefixes.append(home + "/.local")
    }
    if prefixes.contains("/usr") { prefixes.append("/usr/local") }
    var known: Set<String> = []
    return prefixes.flatMap(packages(under:)).filter { directory in
      known.insert(Folder.resolved(directory) ?? directory).inserted
    }
  }

  private func packages(under prefix: String) -> [String] {
    var result: [String] = []
    for library in ["lib", "lib64"] {
      for version in Folder.entries(of: "\(prefix)/\(library)") where version.hasPrefix("python3") {
        for leaf in ["site-packages", "dist-packages"] {
          let directory = "\(prefix)/\(library)/\(version)/\(leaf)"
          if Folder.exists(directory) { result.append(directory) }
        }
      }
    }
    return result
  }

  /// The plugins of all packages.
  var plugins: [PluginDescription] { directories.flatMap { Self.plugins(in: $0) } }

  /// The plugins in a folder of packages: those that packages announce, and those in folders that
  /// are made for plugins.
  static func plugins(in directory: String) -> [PluginDescription] {
    let entries = Folder.entries(of: directory)
    var folders: [(path: String, group: String)] = []
    for name in entries where name.hasSuffix(".dist-info") {
      let text = Folder.text(of: "\(directory)/\(name)/entry_points.txt") ?? ""
      for entry in EntryPoints(text).plugins {
        folders.append(("\(directory)/\(entry.folder)", entry.group))
        folders.append(("\(directory)/\(Folder.parent(of: entry.folder))", entry.group))
      }
    }
    for group in EntryPoints.groups {
      for name in Folder.entries(of: "\(directory)/\(group)") {
        folders.append(("\(directory)/\(group)/\(name)", group))
      }
    }
    for name in entries where name == "libtpu" || name.lowercased().contains("pjrt") {
      if !name.contains(".") { folders.append(("\(directory)/\(name)", "package \(name)")) }
    }
    var known: Set<String> = []
    return folders.flatMap { folder in
      Folder.libraries(in: folder.path).filter { known.insert($0).inserted }.map {
        PluginDescription(path: $0, origin: "\(folder.group) in \(directory)")
      }
    }
  }
}

/// What an installed package says that it offers: lines `name = module` under headings of groups.
/// - Source: Python Packaging User Guide, "Entry points specification".
struct EntryPoints {
  /// The groups that plugins are announced in.
  static let groups = ["jax_plugins", "xla_plugins"]

  /// Folders of modules, relative to the folder of packages.
  let plugins: [(group: String, folder: String)]

  init(_ text: String) {
    var group = ""
    var plugins: [(group: String, folder: String)] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.filter { !$0.isWhitespace }
      if line.hasPrefix("["), line.hasSuffix("]") {
        group = String(line.dropFirst().dropLast())
      } else if Self.groups.contains(group), let equals = line.firstIndex(of: "=") {
        let module = line[line.index(after: equals)...].prefix { $0 != ":" && $0 != "[" }
        let parts = module.split(separator: ".")
        if !parts.isEmpty { plugins.append((group, parts.joined(separator: "/"))) }
      }
    }
    self.plugins = plugins
  }
}
