/// How elements between given ones are found.
public enum Interpolation: Sendable, Hashable {
  /// The element at or below.
  case nearest
  /// Linear between the neighbours: bilinear for images, trilinear for volumes.
  ///
  /// With `aligningCorners` the first and last elements stay where they are; otherwise elements are
  /// taken to be the middles of cells of equal size (half-pixel centers).
  case linear(aligningCorners: Bool = false)
}

extension Tensor {
  /// Returns the tensor with its spatial axes brought to other extents, larger or smaller.
  ///
  /// - Shape: `x[N, s…, C] → y[N, size…, C]`.
  /// - Parameter size: One number per spatial axis, or one for all.
  /// - Source: PyTorch, `interpolate` with a size.
  public func resized(
    to size: [Int], _ method: Interpolation = .nearest, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("resize", [self], at: site) { () throws(Violation) in
      try SlidingWindow.checkPooled(type)
      let sizes = try spread(size, rank - 2, "size")
      return try resized(sizes, steps: sizes.map { _ in nil }, method, site)
    }
  }

  /// Returns the tensor with the extent of every spatial axis multiplied: `⌊s · factor⌋`.
  ///
  /// - Shape: `x[N, s…, C] → y[N, ⌊s · factor⌋…, C]`.
  /// - Parameter factors: One number above 0 per spatial axis, or one for all.
  /// - Source: PyTorch, `interpolate` with a scale factor.
  public func upsampled(
    by factors: [Double], _ method: Interpolation = .nearest, file: String = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = CallSite(file: file, line: line)
    return attempt("upsample", [self], at: site) { () throws(Violation) in
      try SlidingWindow.checkPooled(type)
      let all = factors.count == 1 ? Array(repeating: factors[0], count: rank - 2) : factors
      try require(
        all.count == rank - 2, "has \(all.count) factors for \(rank - 2) spatial axes")
      var sizes: [Int] = []
      for (axis, factor) in all.enumerated() {
        let size = (Double(shape.dims[axis + 1]) * factor).rounded(.down)
        try require(
          factor > 0 && factor.isFinite && size < 0x1p56, "factor \(factor) is not usable")
        sizes.append(Int(size))
      }
      return try resized(sizes, steps: all.map { 1 / $0 }, method, site)
    }
  }

  /// Resamples one spatial axis after the other; `steps` are the distances of neighbours of the result
  /// in elements of the operand, where they do not follow from the extents.
  private func resized(
    _ sizes: [Int], steps: [Double?], _ method: Interpolation, _ site: CallSite
  ) throws(Violation) -> Tensor {
    var y = self
    for (index, size) in sizes.enumerated() {
      let (axis, extent) = (index + 1, shape.dims[index + 1])
      try require(size > 0, "size \(size) of spatial axis \(index) is not positive")
      try require(extent > 0, "spatial axis \(index) is empty")
      let scale = steps[index] ?? Double(extent) / Double(size)
      let rule: Resampling =
        switch method {
        case .nearest: .nearest(scale: scale)
        case .linear(aligningCorners: false): .linear(scale: scale)
        case .linear(aligningCorners: true):
          .linearAligned(scale: size > 1 ? Double(extent - 1) / Double(size - 1) : 0)
        }
      if size == extent, steps[index] == nil { continue }
      y = apply(Resample(axis: axis, size: size, rule: rule), [y], at: site)
    }
    return y
  }
}
