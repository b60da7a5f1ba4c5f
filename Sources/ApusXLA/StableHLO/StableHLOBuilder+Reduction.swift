import ApusCore

extension StableHLOBuilder {
  /// Combines elements along axes, which disappear, by an operation such as `stablehlo.add`.
  func reduce(
    _ x: StableHLOValue, from start: StableHLOValue, axes: [Int], _ operation: String
  ) -> StableHLOValue {
    let type = x.type.with(dims: x.dims.indices.filter { !axes.contains($0) }.map { x.dims[$0] })
    return emit(
      "stablehlo.reduce(\(x.name) init: \(start.name)) applies \(operation) across dimensions = "
        + "\(axes) : (\(x.type), \(start.type)) -> \(type)", type)
  }

  /// The sum along axes, which disappear; 16-bit numbers are added up in 32 bits.
  func sum(_ x: StableHLOValue, axes: [Int]) -> StableHLOValue {
    let wide = convert(x, x.element.isHalf ? .f32 : x.element)
    let total = reduce(wide, from: constant(0, wide.type.scalar), axes: axes, "stablehlo.add")
    return convert(total, x.element)
  }

  /// Combines elements of several operands together; `body` sees what is held, then what comes.
  func reduce(
    _ xs: [StableHLOValue], from starts: [StableHLOValue], axes: [Int],
    _ body: (_ held: [StableHLOValue], _ new: [StableHLOValue]) -> [StableHLOValue]
  ) -> [StableHLOValue] {
    let kept = xs[0].dims.indices.filter { !axes.contains($0) }
    let types = xs.map { x in x.type.with(dims: kept.map { x.dims[$0] }) }
    let scalars = xs.map(\.type.scalar)
    let region = self.region(scalars + scalars) { arguments in
      body(Array(arguments[..<xs.count]), Array(arguments[xs.count...]))
    }
    let text =
      "\"stablehlo.reduce\"(\(Self.names(xs + starts))) <{dimensions = array<i64: "
      + "\(axes.map(String.init).joined(separator: ", "))>}> (\(region)) : "
      + "\(Self.list((xs + starts).map(\.type))) -> \(Self.list(types))"
    return types.count == 1 ? [emit(text, types[0])] : emit(text, types)
  }

  /// The text of a region `{ ^bb0(…): … stablehlo.return … }`.
  func region<E: Error>(
    _ arguments: [StableHLOType], _ body: ([StableHLOValue]) throws(E) -> [StableHLOValue]
  ) throws(E) -> String {
    let values = arguments.map { StableHLOValue(name: freshName(), type: $0) }
    let (written, kept) = try captured { () throws(E) in try body(values) }
    let head = values.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
    let tail =
      "stablehlo.return \(Self.names(kept)) : "
      + kept.map(\.type.description).joined(separator: ", ")
    return "{\n^bb0(\(head)):\n" + (written + [tail]).joined(separator: "\n") + "\n}"
  }

  /// The region of one binary operation on scalars.
  func region(_ operation: String, _ element: StableHLOType.Element) -> String {
    region([StableHLOType(element), StableHLOType(element)]) { [binary(operation, $0[0], $0[1])] }
  }

  /// The product of arrays: `batch` axes come first in the result, then those of `a`, then of `b`.
  ///
  /// 16-bit numbers are multiplied and added up in 32 bits.
  func dotGeneral(
    _ a: StableHLOValue, _ b: StableHLOValue, batch: (a: [Int], b: [Int]) = ([], []),
    contracting: (a: [Int], b: [Int])
  ) -> StableHLOValue {
    let element = a.element
    let (a, b) = factors(a, b)
    func free(_ x: StableHLOValue, _ used: [Int]) -> [Int] {
      x.dims.indices.filter { !used.contains($0) }.map { x.dims[$0] }
    }
    let dims =
      batch.a.map { a.dims[$0] } + free(a, batch.a + contracting.a)
      + free(b, batch.b + contracting.b)
    let type = StableHLOType(a.element.isHalf ? .f32 : a.element, dims)
    let batching = batch.a.isEmpty ? "" : "batching_dims = \(batch.a) x \(batch.b), "
    let precision = a.element == .f32 ? ", precision = [\(precision), \(precision)]" : ""
    let product = emit(
      "stablehlo.dot_general \(a.name), \(b.name), \(batching)contracting_dims = "
        + "\(contracting.a) x \(contracting.b)\(precision) : (\(a.type), \(b.type)) -> \(type)",
      type)
    return convert(product, element)
  }

  /// The factors of 16 bits that both were made of, if so: devices multiply those faster, and the
  /// products are the same.
  private func factors(
    _ a: StableHLOValue, _ b: StableHLOValue
  ) -> (StableHLOValue, StableHLOValue) {
    guard let x = halves[a.name], let y = halves[b.name], x.element == y.element
    else { return (a, b) }
    return (x, y)
  }
}
