import ApusCore
import ApusNN

extension ProcessGroup {
  /// Throws when this process would train for itself while others do the same.
  func check(for device: Device) throws(TensorError) {
    try check()
    guard count > 1 else { return }
    if case .mesh = device.kind { return }
    throw TensorError(
      operation: "fit",
      reason:
        "\(count) processes were started together, and \(device) is a device of one: train on a "
        + "mesh, such as .mesh([\"data\": \(count)])")
  }

  /// Brings tensors to the host where several processes hold parts of them.
  ///
  /// All processes take part, in the order of the tensors: before one of them writes, all must call
  /// this.
  package func fetch(_ tensors: [Tensor]) throws {
    guard count > 1 else { return }
    for tensor in tensors { _ = try tensor.evaluatedStorage().onHost() }
  }
}
