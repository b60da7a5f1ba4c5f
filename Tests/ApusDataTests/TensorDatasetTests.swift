import ApusCore
import Testing

@testable import ApusData

@Suite("tensor data set") struct TensorDatasetTests {
  /// `inputs[i] = [i, -i]`, `targets[i] = i % 3`.
  static func sample(_ count: Int) throws -> TensorDataset {
    try TensorDataset([
      "inputs": floats((0..<count).flatMap { [Float($0), -Float($0)] }, [count, 2]),
      "targets": ints((0..<count).map { Int32($0 % 3) }, [count]),
    ])
  }

  @Test("subsets keep columns aligned")
  func subsets() throws {
    let data = try Self.sample(10).subset([9, 0, 4]).subset([2, 0])
    #expect(data.count == 2)
    #expect(try data.array("inputs").doubles() == [4, -4, 9, -9])
    #expect(try data.array("targets").doubles() == [1, 0])
    #expect(try Self.sample(10).prefix(3).array("targets").doubles() == [0, 1, 2])
    #expect(try Self.sample(10).dropFirst(8).array("inputs").doubles() == [8, -8, 9, -9])
  }

  @Test("tensors give their values back")
  func tensors() throws {
    let inputs = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let data = try TensorDataset(inputs: inputs, targets: Tensor([0, 1] as [Int32]))
    #expect(try data.tensor("inputs").scalars(as: Float.self) == [1, 2, 3, 4])
    #expect(data.columns.map(\.shape) == [[2], []])
  }

  @Test("a shuffle is a permutation that depends on the seed")
  func shuffles() throws {
    func order(_ seed: UInt64) throws -> [Double] {
      try Self.sample(50).shuffled(seed: seed).array("inputs").doubles().filter { $0 > 0 }
    }
    #expect(try order(1) == order(1))
    #expect(try order(1) != order(2))
    #expect(try order(1).sorted() == (1..<50).map(Double.init))
  }

  @Test("a split is disjoint, complete and of ⌈fraction · count⌉")
  func split() throws {
    let parts = try Self.sample(31).split(test: 0.2, seed: 417)
    #expect(parts.test.count == 7 && parts.train.count == 24)
    let all = try parts.train.array("inputs").doubles() + parts.test.array("inputs").doubles()
    #expect(Set(all.filter { $0 >= 0 }).count == 31)
    let again = try Self.sample(31).split(test: 0.2, seed: 417)
    #expect(try again.test.array("inputs") == parts.test.array("inputs"))
  }

  @Test("a stratified split keeps the proportions of every class")
  func stratified() throws {
    let labels = (0..<100).map { Int32($0 < 60 ? 0 : $0 < 90 ? 1 : 2) }
    let data = try TensorDataset([
      "inputs": floats((0..<100).map(Float.init), [100]), "targets": ints(labels, [100]),
    ])
    let parts = try data.split(test: 0.2, seed: 3, stratifiedBy: "targets")
    let held = try parts.test.array("targets").doubles()
    #expect([0, 1, 2].map { c in held.count { $0 == c } } == [12, 6, 2])
    #expect(parts.train.count == 80)

    // 7 · 3/10 = 2.1 and 3 · 3/10 = 0.9: the larger remainder gets the third place.
    let uneven = try TensorDataset(["targets": ints([0, 0, 0, 1, 0, 1, 0, 0, 1, 0], [10])])
    for seed in 0..<UInt64(8) {
      let parts = try uneven.split(test: 0.25, seed: seed, stratifiedBy: "targets")
      #expect(try parts.test.array("targets").doubles().sorted() == [0, 0, 1])
    }
  }

  @Test("a column can be replaced after a shuffle")
  func replacing() throws {
    let data = try Self.sample(4).subset([3, 1])
    let changed = try data.replacing("inputs", with: floats([5, 6], [2, 1]))
    #expect(try changed.array("inputs").doubles() == [5, 6])
    #expect(try changed.array("targets").doubles() == [0, 1])
  }

  @Test("refusals name columns and counts")
  func refusals() throws {
    let data = try Self.sample(4)
    checkRefusal("data set: has no columns") { try TensorDataset([:]) }
    checkRefusal("data set: \"x\" is empty") { try TensorDataset(["x": floats([], [0, 3])]) }
    checkRefusal("data set: \"x\" is a scalar, without a sample axis") {
      try TensorDataset(["x": floats([1], [])])
    }
    checkRefusal("data set: sample counts differ: \"x\" has 2, \"y\" has 1") {
      try TensorDataset(["x": floats([1, 2], [2]), "y": floats([1], [1])])
    }
    checkRefusal("data set: two columns are named \"x\"") {
      try TensorDataset(["x": floats([1], [1]), "x": floats([1], [1])])
    }
    checkRefusal("data set: index 4 is out of range, there are 4 samples") { try data.subset([4]) }
    checkRefusal("data set: index -1 is out of range, there are 4 samples") {
      try data.subset([-1])
    }
    checkRefusal("data set: the subset is empty") { try data.subset([]) }
    checkRefusal("data set: a test fraction of 1.5 leaves an empty part of 4 samples") {
      try data.split(test: 1.5, seed: 0)
    }
    checkRefusal("data set: a test fraction of nan leaves an empty part of 4 samples") {
      try data.split(test: .nan, seed: 0)
    }
    checkRefusal("data set: no column named \"z\"; there are: \"inputs\", \"targets\"") {
      try data.array("z")
    }
    checkRefusal("array: shape needs 2 × 3 × 4 = 24 bytes, there are 4") {
      try floats([1], [2, 3])
    }
  }
}
