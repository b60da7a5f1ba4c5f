import ApusCore
import Synchronization

/// Memory that a training run updates in place.
///
/// Reading a value lends its storage; before the next update the run asks which storages are still
/// lent and replaces those by copies, so that a tensor somebody holds never changes.
package final class HeldState: Sendable {
  package struct Contents {
    package var storages: [Storage]
    /// Places whose storage somebody outside may hold.
    package var lent: [Int]
    /// Rises when a storage changes place in memory or its contents get another name, so that both
    /// must be read again.
    package var version = 0
    /// Whether a run has written since contents got their names. Most steps are followed by another:
    /// names are given when somebody looks.
    package var isRewritten = false
  }

  package let types: [TensorType]
  package let isWritten: [Bool]
  package let contents: Mutex<Contents>

  /// Takes over storages; those that the run writes count as lent until shown otherwise.
  package init(_ storages: [Storage], types: [TensorType], isWritten: [Bool]) {
    self.types = types
    self.isWritten = isWritten
    let lent = storages.indices.filter { isWritten[$0] }
    contents = Mutex(Contents(storages: storages, lent: lent))
  }

  /// The current value at a place.
  package func tensor(at index: Int) -> Tensor {
    let storage = contents.withLock { contents in
      nameContents(&contents)
      if isWritten[index], !contents.lent.contains(index) { contents.lent.append(index) }
      return contents.storages[index]
    }
    return Tensor(storage: storage, type: types[index])
  }

  /// Gives new names to contents that have been written.
  package func nameContents(_ contents: inout Contents) {
    guard contents.isRewritten else { return }
    // What is lent has not been written since: a run makes it its own first.
    for (index, storage) in contents.storages.enumerated()
    where isWritten[index] && !contents.lent.contains(index) {
      storage.renameContents()
    }
    contents.isRewritten = false
    contents.version += 1
  }

  /// Puts another storage at a place.
  package func replace(_ index: Int, by storage: Storage) {
    contents.withLock { contents in
      contents.storages[index] = storage
      contents.version += 1
      if isWritten[index], !contents.lent.contains(index) { contents.lent.append(index) }
    }
  }
}

extension HeldState.Contents {
  /// Makes every storage the run's own, copying those that somebody else still refers to.
  package mutating func reclaim() throws(TensorError) {
    while let index = lent.last {
      if !isKnownUniquelyReferenced(&storages[index]) {
        guard let copy = storages[index].copy() else {
          throw TensorError(
            operation: "fit", reason: "no memory for \(storages[index].byteCount) bytes")
        }
        storages[index] = copy
        version += 1
      }
      lent.removeLast()
    }
  }
}
