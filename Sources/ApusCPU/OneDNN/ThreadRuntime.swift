import CApusDynamic
import CApusKernels

/// The threads of own kernels and of the library.
enum ThreadRuntime {
  /// Moves own parallel loops to the library's OpenMP runtime, once: two pools would compete for the
  /// same processors.
  static let shared: Void = {
    guard let openMP = apus_onednn_openmp()?.pointee else { return }
    apus_threads_use_gomp(openMP.parallel, openMP.thread_number, openMP.thread_count)
  }()
}
