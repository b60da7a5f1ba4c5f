import ApusCore
import CApusKernels

/// A prepared tile program.
final class RegionProgram {
  let pointer: OpaquePointer

  init?(_ region: inout apus_region) {
    guard let pointer = apus_region_prepare(&region) else { return nil }
    self.pointer = pointer
  }

  deinit { apus_region_release(pointer) }
}
