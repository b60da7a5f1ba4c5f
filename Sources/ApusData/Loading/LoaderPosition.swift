/// Where in its epochs a loader stands, for saving with a checkpoint.
///
/// It carries what the order of samples depends on, so that a run cannot go on by mistake with
/// other data.
public struct LoaderPosition: Sendable, Hashable, Codable {
  public var epoch: Int
  /// The next batch to draw.
  public var batch: Int
  public let sampleCount: Int
  public let batchSize: Int
  public let shuffleSeed: UInt64?
  public let dropsLast: Bool
}

extension DataLoader {
  /// Returns the position before a batch.
  public func position(epoch: Int, batch: Int = 0) -> LoaderPosition {
    LoaderPosition(
      epoch: epoch, batch: batch, sampleCount: dataset.count, batchSize: batchSize,
      shuffleSeed: shuffleSeed, dropsLast: dropsLast)
  }

  /// Returns the rest of the epoch that `position` stands in.
  ///
  /// - Throws: `DataError` naming what differs when the position is of another loader.
  public func resume(at position: LoaderPosition) throws -> EpochBatches {
    let here = self.position(epoch: position.epoch, batch: position.batch)
    let differences = [
      Self.difference("samples", position.sampleCount, here.sampleCount),
      Self.difference("batch size", position.batchSize, here.batchSize),
      Self.difference("shuffle seed", position.shuffleSeed, here.shuffleSeed),
      Self.difference("drops last", position.dropsLast, here.dropsLast),
    ].compactMap { $0 }
    guard differences.isEmpty else {
      throw DataError(
        "data loader",
        .mismatch(
          "the saved position is of another loader: " + differences.joined(separator: ", ")))
    }
    guard (0...batchCount).contains(position.batch) else {
      throw DataError(
        "data loader",
        .mismatch(
          "batch \(position.batch) is out of range, there are \(batchCount)"))
    }
    return EpochBatches(loader: self, epoch: position.epoch, first: position.batch)
  }

  /// Returns the batches of an epoch.
  public func epoch(_ epoch: Int) -> EpochBatches {
    EpochBatches(loader: self, epoch: epoch, first: 0)
  }

  private static func difference<T: Equatable>(_ name: String, _ saved: T, _ now: T) -> String? {
    saved == now ? nil : "\(name) \(text(saved)) → \(text(now))"
  }

  private static func text<T>(_ value: T) -> String {
    (value as? UInt64?).map { $0.map(String.init) ?? "none" } ?? "\(value)"
  }
}

/// The batches of one epoch, in order.
public struct EpochBatches: Sequence {
  let loader: DataLoader
  let epoch: Int
  let first: Int

  public func makeIterator() -> Iterator {
    let source = BatchPrefetcher.depth(for: loader).map {
      BatchPrefetcher(loader, epoch: epoch, first: first, depth: $0)
    }
    return Iterator(loader: loader, epoch: epoch, position: first, prefetcher: source)
  }

  public struct Iterator: IteratorProtocol {
    let loader: DataLoader
    let epoch: Int
    var position: Int
    let prefetcher: BatchPrefetcher?

    public mutating func next() -> Batch? {
      guard position < loader.batchCount else { return nil }
      defer { position += 1 }
      if let prefetcher { return prefetcher.next() }
      return loader.batchOrFailure(epoch: epoch, index: position)
    }
  }
}
