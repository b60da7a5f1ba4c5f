import ApusCore

/// The windows of a pooling along one spatial axis, as numbers.
struct WindowAxis {
  /// The axis of the tensor.
  let axis: Int
  let extent: Int
  /// How many windows there are.
  let count: Int
  /// The elements of a window, or of the widest bin.
  let window: Int
  let stride: Int
  let dilation: Int
  let low: Int
  let high: Int
  /// Whether the windows are bins of different widths.
  let isUneven: Bool

  init(_ windows: SlidingWindow, _ spatial: Int, extent: Int, count: Int) {
    (axis, self.extent, self.count) = (spatial + 1, extent, count)
    guard windows.bins != nil else {
      (window, stride) = (windows.window[spatial], windows.stride[spatial])
      (dilation, low) = (windows.dilation[spatial], windows.low[spatial])
      // A last window that was rounded up may end past the padding.
      let needed = (count - 1) * stride + dilation * (window - 1) + 1 - extent - low
      (high, isUneven) = (max(windows.high[spatial], needed), false)
      return
    }
    (dilation, low, high) = (1, 0, 0)
    isUneven = extent % count != 0
    window = isUneven ? (extent + count - 1) / count + 1 : extent / count
    stride = isUneven ? 1 : window
  }

  /// The coordinate of an element of a window, if it is one of the operand's.
  private func place(_ target: Int, _ element: Int) -> Int? {
    if isUneven {
      let place = target * extent / count + element
      return place < ((target + 1) * extent + count - 1) / count ? place : nil
    }
    let place = target * stride + element * dilation - low
    return (0..<extent).contains(place) ? place : nil
  }

  /// The coordinates of one element of all windows.
  func places(_ element: Int) -> [Int?] { (0..<count).map { place($0, element) } }

  /// How many elements of a window lie within the operand and `after` elements of padding, with all
  /// padding before it or none.
  func size(_ target: Int, before: Int, after: Int) -> Int {
    if isUneven { return (0..<window).count { place(target, $0) != nil } }
    return (0..<window).count {
      let place = target * stride + $0 * dilation - low
      return place >= -before && place < extent + after
    }
  }

  /// How many windows an element lies in at most.
  var overlap: Int {
    if isUneven { return window }
    return (dilation * (window - 1) + stride) / stride
  }
}

extension SlidingWindow {
  /// The spatial axes of `x[N, s…, C]` pooled to `y[N, o…, C]`.
  func axes(_ x: TensorType, _ y: TensorType) -> [WindowAxis] {
    (0..<rank).map { WindowAxis(self, $0, extent: x.dims[$0 + 1], count: y.dims[$0 + 1]) }
  }
}
