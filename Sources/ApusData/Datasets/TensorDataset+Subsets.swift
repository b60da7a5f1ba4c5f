extension TensorDataset {
  /// Returns the samples at `indices`, in that order; an index may repeat.
  ///
  /// - Throws: `DataError` for no indices, or naming an index out of range.
  public func subset(_ indices: some Sequence<Int>) throws -> TensorDataset {
    var selected: [Int] = []
    for index in indices {
      guard index >= 0, index < count else {
        throw DataError(
          "data set",
          .mismatch(
            "index \(index) is out of range, there are \(count) samples"))
      }
      selected.append(row(of: index))
    }
    guard !selected.isEmpty else {
      throw DataError("data set", .mismatch("the subset is empty"))
    }
    return TensorDataset(columns: columns, arrays: arrays, rows: selected, count: selected.count)
  }

  /// Returns the first `length` samples, or all when there are fewer.
  ///
  /// - Throws: `DataError` for a length below 1.
  public func prefix(_ length: Int) throws -> TensorDataset {
    try subset(0..<max(0, min(length, count)))
  }

  /// Returns the samples from `start` on.
  ///
  /// - Throws: `DataError` when none are left.
  public func dropFirst(_ start: Int) throws -> TensorDataset {
    try subset(max(0, min(start, count))..<count)
  }

  /// Returns the samples in an order that depends on `seed` alone.
  public func shuffled(seed: UInt64) -> TensorDataset {
    var order = Array(0..<count)
    Permutation.shuffle(&order, seed: seed, epoch: 0, purpose: .split)
    return TensorDataset(columns: columns, arrays: arrays, rows: order.map(row), count: count)
  }

  /// Returns two disjoint parts in random order, `⌈test · count⌉` samples in the second.
  ///
  /// - Parameters:
  ///   - test: The fraction to hold out, between 0 and 1.
  ///   - column: Where given, every distinct value of this column (class codes, one-hot rows) is
  ///     split in the same proportion, as nearly as whole samples allow.
  /// - Throws: `DataError` for an unknown column or when a part would be empty.
  public func split(
    test: Double, seed: UInt64, stratifiedBy column: String? = nil
  ) throws -> (train: TensorDataset, test: TensorDataset) {
    let wanted = test > 0 && test < 1 ? Int((test * Double(count)).rounded(.up)) : 0
    guard wanted > 0, wanted < count else {
      throw DataError(
        "data set",
        .mismatch(
          "a test fraction of \(test) leaves an empty part of \(count) samples"))
    }
    var order = Array(0..<count)
    Permutation.shuffle(&order, seed: seed, epoch: 0, purpose: .split)
    guard let column else {
      return (try subset(order[wanted...]), try subset(order[..<wanted]))
    }
    let quota = try quotas(order, column: try position(of: column), wanted: wanted)
    var taken = [Int](repeating: 0, count: quota.sizes.count)
    var parts: (train: [Int], test: [Int]) = ([], [])
    for index in order {
      let label = quota.labels[index]
      if taken[label] < quota.sizes[label] {
        taken[label] += 1
        parts.test.append(index)
      } else {
        parts.train.append(index)
      }
    }
    return (try subset(parts.train), try subset(parts.test))
  }

  /// Returns the class of every sample and how many of each class to hold out, by largest
  /// remainder; ties go to the class met first in `order`.
  private func quotas(
    _ order: [Int], column: Int, wanted: Int
  ) throws -> (labels: [Int], sizes: [Int]) {
    let width = columns[column].byteCount
    var classes: [ArraySlice<UInt8>: Int] = [:]
    var labels = [Int](repeating: 0, count: count)
    var members: [Int] = []
    for index in order {
      let start = row(of: index) * width
      let value = arrays[column].bytes[start..<(start + width)]
      let label = classes[value] ?? members.count
      if label == members.count {
        classes[value] = label
        members.append(0)
      }
      members[label] += 1
      labels[index] = label
    }
    // wanted · members / count in whole numbers: floor, then remainder.
    var sizes = members.map { $0 * wanted / count }
    let remainders = members.map { $0 * wanted % count }
    let byRemainder = members.indices.sorted {
      (remainders[$0], $1) > (remainders[$1], $0)
    }
    for label in byRemainder.prefix(wanted - sizes.reduce(0, +)) { sizes[label] += 1 }
    return (labels, sizes)
  }
}
