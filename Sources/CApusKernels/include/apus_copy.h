/// Moving elements about: strided copies and fills.
#ifndef APUS_COPY_H
#define APUS_COPY_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Which elements to copy; sizes, strides and offsets count elements.
typedef struct apus_copy_params {
  int32_t rank;
  /// Bytes per element: 1, 2, 4 or 8.
  int32_t element_size;
  int64_t sizes[8], source_strides[8], destination_strides[8];
  int64_t source_offset, destination_offset;
} apus_copy_params;

/// Copies a box of elements, buffers `[source, destination]`; the two must not overlap.
///
/// Serves transposes, slices, concatenation, padding and broadcasts (source stride 0).
void apus_copy(void *const *buffers, const void *params, apus_context *context);

/// What to fill with; sizes, strides and offset count elements.
typedef struct apus_fill_params {
  int32_t rank;
  /// Bytes per element: 1, 2, 4 or 8.
  int32_t element_size;
  int64_t sizes[8], strides[8];
  int64_t offset;
  /// The bits of one element, in the low bytes.
  uint64_t pattern;
} apus_fill_params;

/// Writes one element over a box of elements, buffers `[destination]`.
void apus_fill(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
