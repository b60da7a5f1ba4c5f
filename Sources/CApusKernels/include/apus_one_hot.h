/// Rows with a one at the place a label names.
#ifndef APUS_ONE_HOT_H
#define APUS_ONE_HOT_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct apus_one_hot_params {
  int64_t rows, depth;
  /// Bytes of one element: 1, 2, 4 or 8.
  int32_t element_bytes;
  /// Bytes of one label: 4 or 8.
  int32_t index_bytes;
  /// The bits of the number one, in the low bytes.
  uint64_t one;
} apus_one_hot_params;

/// out[r, labels[r]] = 1, zero elsewhere; buffers: labels, out. Labels outside 0..<depth are reported.
void apus_one_hot(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
