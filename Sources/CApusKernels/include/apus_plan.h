/// A plan: a flat table of kernels run in order by one C loop.
#ifndef APUS_PLAN_H
#define APUS_PLAN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What kernels of one run share: how they may run, and the first failure.
typedef struct apus_context {
  /// How many threads a kernel may use, at least 1.
  int32_t threads;
  /// 1 when every reduction must split its work the same way whatever `threads` is.
  int32_t deterministic;
  /// `apus_error_none`, or why the run stopped.
  int32_t error_code;
  /// Index of the node that failed.
  int32_t error_node;
  /// The offending value, the limit it broke, and the element position it was found at.
  int64_t error_value, error_limit, error_position;
} apus_context;

enum {
  apus_error_none = 0,
  apus_error_index_out_of_range = 1,
  apus_error_library = 2,
};

/// A kernel: reads and writes `buffers`, steered by its own `params` structure.
typedef void (*apus_kernel)(void *const *buffers, const void *params, apus_context *context);

/// One step of a plan.
typedef struct apus_node {
  apus_kernel run;
  void *const *buffers;
  const void *params;
} apus_node;

/// Runs the nodes in order and returns the error code.
///
/// Subnormal numbers count as zero on this thread meanwhile; the previous mode is restored. Stops at
/// the first node that reports an error and stores its index.
int32_t apus_plan_run(const apus_node *nodes, int64_t count, apus_context *context);

/// Runs the nodes like `apus_plan_run`, adding the nanoseconds node `i` took to `nanoseconds[i]`.
int32_t apus_plan_run_profiled(
  const apus_node *nodes, int64_t count, apus_context *context, int64_t *nanoseconds);

/// Reports bad data found by a kernel; any thread may call it.
///
/// Of several reports the one with the lowest position stays, so the outcome does not depend on
/// which thread was faster.
void apus_report(
  apus_context *context, int32_t code, int64_t value, int64_t limit, int64_t position);

#ifdef __cplusplus
}
#endif

#endif
