import ApusCPU
import ApusCore
import ApusTestSupport
import Testing

/// Reductions over the rows of wide matrices and over long rows, against plain loops in double.
@Suite("reductions of columns and rows") struct ColumnReductionTests {
  static let shapes: [[Int]] = [
    [1, 1024], [7, 1025], [8, 1500], [9, 5000], [17, 4097], [100, 1031], [3, 9000], [40, 17],
    [5, 31], [6, 48], [2, 333], [64, 512], [67, 515], [130, 1365], [97, 4096],
  ]

  private func check<T: TensorScalar>(
    _ values: [T], _ shape: [Int], tolerance: Double, _ double: (T) -> Double
  ) throws {
    let x = Tensor(values, shape: Shape(shape))
    let (rows, columns) = (shape[0], shape[1])
    let numbers = values.map(double)
    for threads in [1, 2] {
      try Executors.with(CPUExecutor(CPUConfiguration(threads: threads))) {
        for axis in [0, 1] {
          let lines = (0..<(axis == 0 ? columns : rows)).map { line in
            (0..<(axis == 0 ? rows : columns)).map {
              numbers[axis == 0 ? $0 * columns + line : line * columns + $0]
            }
          }
          let sums = try x.sum(axes: [axis]).scalars(as: T.self).map(double)
          let largest = try x.max(axes: [axis]).scalars(as: T.self).map(double)
          let smallest = try x.min(axes: [axis]).scalars(as: T.self).map(double)
          for (line, members) in lines.enumerated() {
            let size = members.reduce(0) { $0 + abs($1) }
            #expect(abs(sums[line] - members.reduce(0, +)) <= tolerance * size)
            #expect(largest[line] == members.max())
            #expect(smallest[line] == members.min())
          }
        }
      }
    }
  }

  @Test("give the sum, the largest and the smallest of every line", arguments: shapes)
  func lines(shape: [Int]) throws {
    let count = shape[0] * shape[1]
    let values = (0..<count).map { Int32(truncatingIfNeeded: $0 &* 48271 % 20011) - 10005 }
    try check(values.map { Float($0) / 64 }, shape, tolerance: 3e-7) { Double($0) }
    try check(values.map { Double($0) / 64 }, shape, tolerance: 1e-15) { $0 }
    try check(values, shape, tolerance: 0) { Double($0) }
    try check(values.map { Int64($0) }, shape, tolerance: 0) { Double($0) }
  }

  @Test("give the same side by side in one pass as each on its own", arguments: shapes)
  func sideBySide(shape: [Int]) throws {
    let values = (0..<shape[0] * shape[1]).map { Float($0 * 7919 % 1009) / 7 - 70 }
    let x = Tensor(values, shape: Shape(shape))
    let all = compile { [$0[0].sum(axes: [0]), $0[0].max(axes: [0]), $0[0].min(axes: [0])] }
    let alone = [x.sum(axes: [0]), x.max(axes: [0]), x.min(axes: [0])]
    func run(threads: Int) throws -> [[Float]] {
      let configuration = CPUConfiguration(threads: threads, isDeterministic: true)
      return try Executors.with(CPUExecutor(configuration)) {
        try all([x]).map { try $0.scalars() }
      }
    }
    let together = try run(threads: 1)
    #expect(try run(threads: 2) == together)
    #expect(try alone[1].scalars() == together[1])
    #expect(try alone[2].scalars() == together[2])
    // Sums of some rows meet in another order where a pass has less to do.
    let size = Float(shape[0]) * 75
    for (a, b) in zip(try alone[0].scalars(as: Float.self), together[0]) {
      #expect(abs(a - b) <= 3e-7 * size)
    }
  }

  @Test("do not lose NaN, wherever it stands", arguments: shapes)
  func notANumber(shape: [Int]) throws {
    let (rows, columns) = (shape[0], shape[1])
    for place in [0, rows * columns / 2, rows * columns - 1] {
      var values = (0..<rows * columns).map { Float($0 % 13) }
      values[place] = .nan
      let x = Tensor(values, shape: Shape(shape))
      for axis in [0, 1] {
        let line = axis == 0 ? place % columns : place / columns
        for y in [x.sum(axes: [axis]), x.max(axes: [axis]), x.min(axes: [axis])] {
          let result = try y.scalars(as: Float.self)
          #expect(result.indices.filter { result[$0].isNaN } == [line])
        }
      }
    }
  }
}
