import ApusCore
import CApusKernels

extension DType {
  /// The kernels' name for how elements lie in memory.
  var storage: apus_storage {
    switch self {
    case .float32: apus_f32
    case .float64: apus_f64
    case .bfloat16: apus_bf16
    case .float16: apus_f16
    case .int32: apus_i32
    case .int64: apus_i64
    case .uint8: apus_u8
    case .bool: apus_bool
    }
  }

  /// Whether this is a float of 16 bits.
  var isHalf: Bool { self == .bfloat16 || self == .float16 }

  /// The type that tile registers compute in.
  var compute: apus_compute {
    apus_compute(UInt32(apus_storage_compute(Int32(storage.rawValue))))
  }
}

extension apus_compute {
  /// The name of the conversion from this type.
  var conversionName: String {
    switch self {
    case apus_compute_f32: "cvt_f32"
    case apus_compute_f64: "cvt_f64"
    case apus_compute_i32: "cvt_i32"
    default: "cvt_i64"
    }
  }
}
