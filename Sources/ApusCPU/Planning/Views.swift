import ApusCore

/// An operation that only changes how elements are looked at.
protocol ViewLowering: Operation {
  /// The view of the result given the operand's, or `nil` when strides cannot express it.
  func view(of operand: StridedView, result: TensorType) -> StridedView?

  /// Whether result element `i` in row-major order is operand element `i`.
  var keepsOrder: Bool { get }
}

extension ViewLowering {
  var keepsOrder: Bool { false }
}

extension Reshape: ViewLowering {
  var keepsOrder: Bool { true }

  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    operand.reshaped(to: result.dims)
  }
}

extension StopGradient: ViewLowering {
  var keepsOrder: Bool { true }
  func view(of operand: StridedView, result: TensorType) -> StridedView? { operand }
}

extension CustomGradient: ViewLowering {
  var keepsOrder: Bool { true }
  func view(of operand: StridedView, result: TensorType) -> StridedView? { operand }
}

/// The elements as they lie; the planner keeps readers behind what the barrier waits for.
extension RecomputeBarrier: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? { operand }
}

extension Broadcast: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    let extra = result.rank - operand.dims.count
    let strides = result.dims.indices.map { axis in
      axis < extra || (operand.dims[axis - extra] == 1 && result.dims[axis] != 1)
        ? 0 : operand.strides[axis - extra]
    }
    return StridedView(
      buffer: operand.buffer, offset: operand.offset, dims: result.dims, strides: strides)
  }
}

extension Transpose: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    StridedView(
      buffer: operand.buffer, offset: operand.offset, dims: result.dims,
      strides: permutation.map { operand.strides[$0] })
  }
}

extension Slice: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    var view = operand
    view.dims = result.dims
    for axis in starts.indices {
      if !result.dims.contains(0) { view.offset += starts[axis] * operand.strides[axis] }
      view.strides[axis] = operand.strides[axis] * strides[axis]
    }
    return view
  }
}

extension Reverse: ViewLowering {
  func view(of operand: StridedView, result: TensorType) -> StridedView? {
    var view = operand
    for axis in axes where operand.dims[axis] > 0 {
      view.offset += (operand.dims[axis] - 1) * operand.strides[axis]
      view.strides[axis] = -operand.strides[axis]
    }
    return view
  }
}

extension StridedView {
  /// All elements of a fresh buffer.
  init(buffer: Int, shape: Shape) {
    self.init(buffer: buffer, offset: 0, dims: shape.dims, strides: shape.strides)
  }

  /// The axes with extent 1 dropped and neighbours that step evenly merged.
  var collapsed: (dims: [Int], strides: [Int]) {
    var dims: [Int] = []
    var strides: [Int] = []
    for axis in self.dims.indices where self.dims[axis] != 1 {
      let (extent, stride) = (self.dims[axis], self.strides[axis])
      if let last = strides.last, last == stride * extent {
        dims[dims.count - 1] *= extent
        strides[strides.count - 1] = stride
      } else {
        dims.append(extent)
        strides.append(stride)
      }
    }
    return (dims, strides)
  }

  /// The same elements in the same order under other extents, if strides can express it.
  func reshaped(to target: [Int]) -> StridedView? {
    if target.contains(0) {
      return StridedView(
        buffer: buffer, offset: offset, dims: target, strides: Shape(target).strides)
    }
    let (dims, strides) = collapsed
    var result = Array(repeating: 0, count: target.count)
    var source = dims.count - 1
    var remaining = source >= 0 ? dims[source] : 1
    var step = source >= 0 ? strides[source] : 1
    for axis in target.indices.reversed() where target[axis] != 1 {
      while remaining == 1 && source > 0 {
        source -= 1
        (remaining, step) = (dims[source], strides[source])
      }
      guard remaining % target[axis] == 0 else { return nil }
      result[axis] = step
      step *= target[axis]
      remaining /= target[axis]
    }
    return StridedView(buffer: buffer, offset: offset, dims: target, strides: result)
  }
}
