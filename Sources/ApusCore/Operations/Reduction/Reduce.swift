/// Combines the elements along axes into one.
///
/// - Gradient: sum spreads; product gives `dy · y / x` computed without division; maximum and
///   minimum share it equally among ties.
/// - Source: StableHLO specification, `reduce`.
package struct Reduce: Operation {
  /// How elements are combined.
  package enum Kind: String, Sendable, CaseIterable { case sum, product, maximum, minimum }

  package let kind: Kind
  /// Reduced axes, sorted and non-negative; they keep extent 1.
  package let axes: [Int]

  package init(_ kind: Kind, axes: [Int]) {
    self.kind = kind
    self.axes = axes
  }

  package var name: String { kind.rawValue }
  package var attributes: String { "axes: \(axes)" }
  package var cpu: CPUKernel { .kernel }

  package func resultTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.dtype.isNumeric, "needs a numeric dtype, not \(x.dtype)")
    var dims = x.dims
    for axis in try x.shape.normalized(axes: axes) {
      if kind == .maximum || kind == .minimum {
        try require(dims[axis] > 0, "axis \(axis) is empty: there is no \(kind.rawValue)")
      }
      dims[axis] = 1
    }
    return [x.with(shape: Shape(dims))]
  }

  package func gradient(_ call: OperationCall, upstream: [Tensor?]) -> [Tensor?] {
    guard let dy = upstream[0] else { return [nil] }
    let (x, y) = (call.operands[0], call.results[0])
    switch kind {
    case .sum: return [dy.broadcast(to: x.shape)]
    case .product: return [dy * x.productOfOthers(axes: axes)]
    case .maximum, .minimum:
      let hit = (x .== y).converted(to: x.dtype)
      return [hit * (dy / hit.sum(axes: axes, keepingAxes: true))]
    }
  }
}

extension Tensor {
  /// Returns the sum over axes (all by default).
  public func sum(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.sum, axes, keepingAxes, CallSite(file: file, line: line))
  }

  /// Returns the product over axes (all by default).
  public func product(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.product, axes, keepingAxes, CallSite(file: file, line: line))
  }

  /// Returns the largest element over axes (all by default); NaN when there is one.
  public func max(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.maximum, axes, keepingAxes, CallSite(file: file, line: line))
  }

  /// Returns the smallest element over axes (all by default); NaN when there is one.
  public func min(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.minimum, axes, keepingAxes, CallSite(file: file, line: line))
  }

  /// Returns the arithmetic mean over axes (all by default); NaN over no elements.
  public func mean(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("mean", [self], at: site) { () throws(Violation) in
      try require(dtype.isFloating, "needs a floating dtype, not \(dtype)")
      let total = reduced(.sum, axes, keepingAxes, site)
      let divisor = try shape.normalized(axes: axes).reduce(1) { $0 * shape.dims[$1] }
      return total / Double(divisor)
    }
  }

  package func reduced(
    _ kind: Reduce.Kind, _ axes: [Int]?, _ keepingAxes: Bool, _ site: CallSite
  ) -> Tensor {
    attempt(kind.rawValue, [self], at: site) { () throws(Violation) in
      let axes = try shape.normalized(axes: axes)
      let kept = axes.isEmpty ? self : apply(Reduce(kind, axes: axes), [self], at: site)
      if keepingAxes || kept.error != nil { return kept }
      let dims = shape.dims.indices.filter { !axes.contains($0) }.map { shape.dims[$0] }
      return kept.reshaped(to: Shape(dims))
    }
  }

  /// For every element, the product of the others along `axes`: defined where elements are zero.
  fileprivate func productOfOthers(axes: [Int]) -> Tensor {
    let rest = (0..<rank).filter { !axes.contains($0) }
    let order = rest + axes
    var inverse = order
    for (index, axis) in order.enumerated() { inverse[axis] = index }
    let moved = transposed(permutation: order)
    let flat = moved.reshaped(to: rest.map { shape.dims[$0] } + [-1])
    let n = flat.shape[-1]
    // Row j of the n × n copy is the operand with element j replaced by one.
    let copies = flat.expanded(at: -2).broadcast(to: Shape(flat.shape.dims.dropLast() + [n, n]))
    let one = Tensor(1, like: copies)
    let others = one.where(Tensor.identity(n, dtype: .bool), else: copies).product(axes: [-1])
    return others.reshaped(to: moved.shape).transposed(permutation: inverse)
  }
}
