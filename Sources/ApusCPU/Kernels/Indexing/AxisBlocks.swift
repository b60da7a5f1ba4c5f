import ApusCore
import CApusKernels

/// A row-major array seen as `[outer, extent, inner]` around one of its axes.
struct AxisBlocks {
  let outer: Int64
  let extent: Int64
  let inner: Int64

  init(_ type: TensorType, axis: Int) {
    outer = Int64(type.dims[..<axis].reduce(1, *))
    extent = Int64(type.dims[axis])
    inner = Int64(type.dims[(axis + 1)...].reduce(1, *))
  }
}

/// The kernels of one family for the dtypes that accumulate.
struct AddingKernels {
  let f32: apus_kernel
  let f64: apus_kernel
  let i32: apus_kernel
  let i64: apus_kernel

  subscript(dtype: DType) -> apus_kernel {
    switch dtype {
    case .float64: f64
    case .int32: i32
    case .int64: i64
    default: f32
    }
  }
}

extension apus_index_params {
  init(
    _ data: TensorType, axis: Int, count: Int, indices: DType, countsFromEnd: Bool = true
  ) {
    let blocks = AxisBlocks(data, axis: axis)
    self.init(
      outer: blocks.outer, axis_size: blocks.extent, inner: blocks.inner, count: Int64(count),
      element_bytes: Int32(data.dtype.byteCount), index_bytes: Int32(indices.byteCount),
      from_start: countsFromEnd ? 0 : 1)
  }
}
