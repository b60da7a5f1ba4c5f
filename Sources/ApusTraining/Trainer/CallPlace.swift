import ApusCore

/// Runs `body` on a device, as what was called at a place in the user's source: mistakes inside name
/// it.
func calledFrom<R>(
  _ file: String, _ line: Int, on device: Device, _ body: () throws -> R
) throws -> R {
  let site = CallSite(file: file, line: line)
  do {
    return try LayerScope.$current.withValue(LayerScope(path: "", site: site)) {
      try device.run(body)
    }
  } catch let error as TensorError where error.site == nil {
    throw TensorError(
      operation: error.operation, reason: error.reason, operands: error.operands,
      layerPath: error.layerPath, site: site)
  }
}

extension CallSite {
  /// Where the run in progress was called.
  static var ofRun: CallSite {
    LayerScope.current?.site ?? CallSite(file: #fileID, line: #line)
  }
}
