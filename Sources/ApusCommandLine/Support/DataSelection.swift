import Apus
import ArgumentParser
import Foundation

/// Data sets by name.
enum DataName: String, CaseIterable, ExpressibleByArgument, Codable, Sendable {
  case digits, iris, mnist, fashion

  var collection: MNIST.Collection { self == .fashion ? .fashion : .mnist }

  var isEmbedded: Bool { self == .digits || self == .iris }

  var summary: String {
    switch self {
    case .digits: "5,000 handwritten digits of MNIST, 28 × 28, embedded"
    case .iris: "150 flowers of three species, four lengths in cm, embedded"
    case .mnist: "70,000 handwritten digits, 28 × 28, from a folder or the network"
    case .fashion: "70,000 pictures of clothes, 28 × 28, from a folder or the network"
    }
  }
}

/// A collection that can be downloaded.
enum CollectionOption: String, CaseIterable, ExpressibleByArgument {
  case mnist, fashion

  var name: DataName { self == .mnist ? .mnist : .fashion }
}

/// The options that say which data a command uses.
struct DataSelection: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of MNIST files (train-images-idx3-ubyte …), gzipped or not.", valueName: "dir"))
  var data: String?

  @Option(help: "What the folder holds: mnist or fashion.")
  var collection: CollectionOption?

  @Option(
    help: ArgumentHelp(
      "Download mnist or fashion first, into --data or the user's cache; checked by digest.",
      valueName: "name"))
  var download: CollectionOption?

  /// Whether other data than the embedded is asked for.
  var isGiven: Bool { data != nil || download != nil }

  func validate() throws {
    if collection != nil, data == nil {
      throw ValidationError("--collection says what the folder of --data holds; give --data too.")
    }
    if let collection, let download, collection != download {
      throw ValidationError(
        "--collection \(collection.rawValue) contradicts --download "
          + "\(download.rawValue).")
    }
  }

  /// The name of the data set and the folder it is in, downloaded if asked for.
  func located() throws -> (name: DataName, folder: String)? {
    guard isGiven else { return nil }
    let name = (download ?? collection ?? .mnist).name
    let folder = data ?? Self.cache + "/" + name.rawValue
    if download != nil { try MNIST.download(name.collection, to: folder) }
    return (name, folder)
  }

  private static var cache: String {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"] ?? "."
    return (environment["XDG_CACHE_HOME"] ?? home + "/.cache") + "/apus"
  }
}

/// Samples to train on and held-out ones, with the names of their classes.
struct SplitData {
  let name: DataName
  let train: TensorDataset
  let test: TensorDataset
  let classNames: [String]

  /// The embedded data an architecture is made for; a part is held out, each class alike.
  init(embeddedFor architecture: Architecture, seed: UInt64) throws {
    let all = try architecture == .iris ? Iris.load() : MNIST.digits5k()
    try self.init(architecture.embeddedData, splitting: all, test: architecture.heldOut, seed: seed)
  }

  /// The files of a folder; without the test files a fifth of the others is held out.
  init(_ name: DataName, folder: String, seed: UInt64) throws {
    let train = try MNIST.load(.train, directory: folder, collection: name.collection)
    guard MNIST.parts(in: folder).contains(.test) else {
      try self.init(name, splitting: train, test: 0.2, seed: seed)
      return
    }
    let test = try MNIST.load(.test, directory: folder, collection: name.collection)
    self.init(
      name: name, train: train.dataset, test: test.dataset, classNames: train.classNames)
  }

  private init(
    _ name: DataName, splitting all: LabeledData, test: Double, seed: UInt64
  ) throws {
    let parts = try all.dataset.split(test: test, seed: seed, stratifiedBy: "targets")
    self.init(name: name, train: parts.train, test: parts.test, classNames: all.classNames)
  }

  private init(
    name: DataName, train: TensorDataset, test: TensorDataset, classNames: [String]
  ) {
    self.name = name
    self.train = train
    self.test = test
    self.classNames = classNames
  }

  /// Refuses samples of another shape than the network takes.
  func check(for architecture: Architecture) throws {
    for part in [train, test] {
      let shape = part.columns.first?.shape ?? []
      guard shape == architecture.inputShape else {
        throw Failure(
          name.rawValue,
          "has samples of shape \(shape), \(architecture.rawValue) takes "
            + "\(architecture.inputShape)")
      }
    }
  }
}
