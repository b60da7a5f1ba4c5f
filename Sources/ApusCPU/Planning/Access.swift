import CApusKernels

extension apus_access {
  /// How a region reads or writes the elements of a view in row-major order.
  init(_ view: StridedView, buffer: Int32, slot: Int32, storage: apus_storage) {
    self.init()
    self.buffer = buffer
    self.slot = slot
    self.storage = Int32(storage.rawValue)
    offset = Int64(view.offset)
    let (dims, strides) = view.collapsed
    switch (dims.count, strides) {
    case (0, _): kind = Int32(apus_scalar.rawValue)
    case (1, [1]): kind = Int32(apus_linear.rawValue)
    case (1, [0]): kind = Int32(apus_scalar.rawValue)
    case (2, [0, 1]):
      kind = Int32(apus_periodic.rawValue)
      period = Int64(dims[1])
    case (2, [1, 0]):
      kind = Int32(apus_repeated.rawValue)
      `repeat` = Int64(dims[1])
    default:
      kind = Int32(apus_strided.rawValue)
      rank = Int32(dims.count)
      withUnsafeMutableBytes(of: &sizes) { sizes in
        withUnsafeMutableBytes(of: &self.strides) { steps in
          for axis in dims.indices {
            sizes.storeBytes(of: Int64(dims[axis]), toByteOffset: axis * 8, as: Int64.self)
            steps.storeBytes(of: Int64(strides[axis]), toByteOffset: axis * 8, as: Int64.self)
          }
        }
      }
    }
  }
}
