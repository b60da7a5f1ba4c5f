/// Stable sorting along an axis.
#ifndef APUS_SORT_H
#define APUS_SORT_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A sort along the middle axis of [outer, axis_size, inner].
typedef struct apus_sort_params {
  int64_t outer, axis_size, inner;
  int32_t descending;
  /// Bytes of one resulting index: 4 or 8.
  int32_t index_bytes;
} apus_sort_params;

/// Bytes of the scratch buffer of `apus_sort_f32`.
int64_t apus_sort_scratch_bytes_f32(const apus_sort_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_sort_f64`.
int64_t apus_sort_scratch_bytes_f64(const apus_sort_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_sort_i32`.
int64_t apus_sort_scratch_bytes_i32(const apus_sort_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_sort_i64`.
int64_t apus_sort_scratch_bytes_i64(const apus_sort_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_sort_u8`.
int64_t apus_sort_scratch_bytes_u8(const apus_sort_params *params, int32_t threads);

/// Sorts; equal elements keep their order in both directions, and NaN counts as the largest;
/// buffers: x, values or NULL, indices or NULL, scratch.
void apus_sort_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_sort_f32` for doubles.
void apus_sort_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_sort_f32` for 32-bit integers.
void apus_sort_i32(void *const *buffers, const void *params, apus_context *context);

/// `apus_sort_f32` for 64-bit integers.
void apus_sort_i64(void *const *buffers, const void *params, apus_context *context);

/// `apus_sort_f32` for bytes.
void apus_sort_u8(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
