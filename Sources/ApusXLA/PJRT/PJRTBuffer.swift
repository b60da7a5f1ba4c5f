import ApusCore
import CApusDynamic

/// An array in the memory of one device.
///
/// Unchecked: the contents do not change while the buffer lives, and buffers may be used from any
/// thread.
final class PJRTBuffer: @unchecked Sendable {
  let client: PJRTClient
  let handle: OpaquePointer

  /// Takes over a handle.
  init(_ client: PJRTClient, _ handle: OpaquePointer) {
    self.client = client
    self.handle = handle
  }

  /// Copies row-major elements to a device; the memory may change afterwards.
  init(
    _ client: PJRTClient, _ device: PJRTDevice, _ memory: UnsafeRawPointer, _ type: TensorType
  ) throws(TensorError) {
    var buffer: OpaquePointer?
    let dims = type.dims.map(Int64.init)
    let error = apus_pjrt_upload(
      client.plugin.api, client.handle, device.handle, memory, type.dtype.pjrtType, dims,
      dims.count,
      &buffer)
    try client.plugin.check(error, doing: "copy \(type), \(type.byteCount) bytes, to the device")
    guard let buffer else {
      throw TensorError(
        operation: TensorError.deviceOperation, reason: "the plugin gave no buffer for \(type)")
    }
    self.client = client
    handle = buffer
  }

  deinit { apus_pjrt_buffer_destroy(client.plugin.api, handle) }

  /// Copies the elements to memory of the host, once they are computed.
  func read(into memory: UnsafeMutableRawPointer, byteCount: Int) throws(TensorError) {
    if byteCount == 0 { return }
    try client.plugin.check(
      apus_pjrt_download(client.plugin.api, handle, memory, byteCount),
      doing: "read \(byteCount) bytes from the device")
  }
}

extension DType {
  /// The number of the element type in the ABI.
  var pjrtType: Int32 {
    let type =
      switch self {
      case .float32: apus_pjrt_f32
      case .float64: apus_pjrt_f64
      case .bfloat16: apus_pjrt_bf16
      case .float16: apus_pjrt_f16
      case .int32: apus_pjrt_s32
      case .int64: apus_pjrt_s64
      case .uint8: apus_pjrt_u8
      case .bool: apus_pjrt_pred
      }
    return Int32(type)
  }
}
