/// Running a small plan once per element of a sequence, with carried state.
#ifndef APUS_SCAN_H
#define APUS_SCAN_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

enum apus_scan_source {
  /// A buffer of the scan node, advanced by `stride` bytes each step.
  apus_scan_buffer,
  /// The carried state before the step.
  apus_scan_carry_in,
  /// The carried state after the step.
  apus_scan_carry_out,
};

/// A pointer of the body that changes from step to step.
typedef struct apus_scan_binding {
  void **place;
  int32_t source;
  /// Index of the buffer or of the carry.
  int32_t index;
  int64_t stride, offset;
} apus_scan_binding;

/// Carried state: two blocks that swap roles, and buffers of the scan node.
typedef struct apus_scan_carry {
  void *blocks[2];
  int64_t bytes;
  int32_t initial;
  /// Where the last state and the states before each step go, or -1.
  int32_t final, history;
} apus_scan_carry;

typedef struct apus_scan_params {
  const apus_node *nodes;
  int64_t node_count;
  int64_t length;
  int32_t reversed;
  int32_t carry_count;
  const apus_scan_carry *carries;
  const apus_scan_binding *bindings;
  int64_t binding_count;
} apus_scan_params;

/// Runs the body `length` times; stops at the first error.
void apus_scan_run(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
