import Apus
import ArgumentParser
import Foundation

/// `apus data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Lists and shows data sets.",
    subcommands: [List.self, Show.self])

  /// `apus data list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the data sets known by name.")

    mutating func run() throws {
      try Console.print(
        DataName.allCases.map { "\(Format.padded($0.rawValue, 8)) \($0.summary)" }
          .joined(separator: "\n"))
    }
  }

  /// `apus data show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows a data set: source, licence, shapes, classes, a sample.",
      discussion: """
        --export writes digits as IDX files and a picture, iris as a CSV file; the folder of IDX \
        files can be used with --data.
        """)

    @Argument(help: "digits, iris, mnist or fashion.")
    var name: DataName

    @Option(help: "The sample to show, counted from 0.")
    var index = 0

    @Option(help: ArgumentHelp("Folder to write the data to.", valueName: "dir"))
    var export: String?

    @Option(help: ArgumentHelp("Folder of the files of mnist or fashion.", valueName: "dir"))
    var data: String?

    @Flag(help: "Download mnist or fashion into --data first.")
    var download = false

    func validate() throws {
      if name.isEmbedded, data != nil || download {
        throw ValidationError("\(name.rawValue) is embedded: it takes no --data or --download.")
      }
      if !name.isEmbedded, data == nil {
        throw ValidationError("\(name.rawValue) needs the folder of its files: --data.")
      }
    }

    mutating func run() throws {
      if download, let data { try MNIST.download(name.collection, to: data) }
      let found = try labeled()
      guard (0..<found.dataset.count).contains(index) else {
        throw Failure(
          name.rawValue, "has no sample \(index), the last is \(found.dataset.count - 1)")
      }
      var lines = [
        "name     \(name.rawValue)", "source   \(found.origin)",
        "samples  \(found.dataset.count)",
      ]
      for column in found.dataset.columns {
        lines.append("\(Format.padded(column.name, 8)) \(column.dtype)\(column.shape)")
      }
      let labels = try found.dataset.array("targets").doubles().map { Int($0) }
      lines.append("classes")
      for (code, label) in found.classNames.enumerated() {
        lines.append("  \(code)  \(label): \(labels.filter { $0 == code }.count)")
      }
      lines += try sample(found, label: labels[index])
      try Console.print(lines.joined(separator: "\n"))
      if let export { try DataExport(folder: export).write(found, name) }
    }

    private func labeled() throws -> LabeledData {
      switch name {
      case .digits: try MNIST.digits5k()
      case .iris: try Iris.load()
      case .mnist, .fashion:
        try MNIST.load(.train, directory: data ?? ".", collection: name.collection)
      }
    }

    private func sample(_ found: LabeledData, label: Int) throws -> [String] {
      let name = found.classNames.indices.contains(label) ? found.classNames[label] : "\(label)"
      let values = try found.dataset.subset([index]).array("inputs").doubles()
      guard found.featureNames.isEmpty else {
        let last = min(index + 5, found.dataset.count)
        let rows = try found.dataset.subset(index..<last).array("inputs").doubles()
        let table = (index..<last).map { row in
          "  \(row): "
            + rows[(row - index) * 4..<(row - index) * 4 + 4]
            .map { Format.decimal($0, 1) }.joined(separator: "  ")
        }
        return ["sample \(index): \(name)", "rows: " + found.featureNames.joined(separator: ", ")]
          + table
      }
      let shades = Array(" .:-=+*#%@")
      let width = found.dataset.columns[0].shape.dropFirst().first ?? 28
      let rows = stride(from: 0, to: values.count, by: max(width, 1)).map { start in
        String(
          values[start..<min(start + width, values.count)].flatMap { value in
            [Character](repeating: shades[min(max(Int(value * 10), 0), 9)], count: 2)
          })
      }
      return ["sample \(index): \(name)"] + rows
    }
  }
}

/// Writes data sets in the formats that other programs read.
struct DataExport {
  let folder: String

  func write(_ data: LabeledData, _ name: DataName) throws {
    try RunFolder(folder).create()
    let inputs = try data.dataset.array("inputs")
    let labels = try data.dataset.array("targets").doubles().map { Int($0) }
    if name == .iris {
      var text = (data.featureNames + ["species"]).joined(separator: ",") + "\n"
      let values = inputs.doubles()
      for (row, label) in labels.enumerated() {
        let fields = values[row * 4..<row * 4 + 4].map { Format.decimal($0, 1) }
        text += (fields + [data.classNames[label]]).joined(separator: ",") + "\n"
      }
      try AtomicFile.write(Array(text.utf8), to: folder + "/iris.csv")
      try Console.print("written: \(folder)/iris.csv")
      return
    }
    let pixels = inputs.doubles().map { UInt8(min(max($0 * 255, 0), 255).rounded()) }
    let images = try HostArray(
      dtype: .uint8, shape: Array(inputs.shape.prefix(3)), bytes: pixels)
    let codes = try HostArray(dtype: .uint8, shape: [labels.count], bytes: labels.map { UInt8($0) })
    try IDX.write(images, to: folder + "/train-images-idx3-ubyte")
    try IDX.write(codes, to: folder + "/train-labels-idx1-ubyte")
    let first = try data.dataset.prefix(200).array("inputs")
    try PNG.write(ImageGrid(columns: 20).image(of: first), to: folder + "/first.png")
    try Console.print(
      "written: \(folder)/train-images-idx3-ubyte, train-labels-idx1-ubyte, first.png")
  }
}
