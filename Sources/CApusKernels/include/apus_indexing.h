/// Reading and adding by index, arg-reductions and running sums.
#ifndef APUS_INDEXING_H
#define APUS_INDEXING_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Indices along the middle axis of data [outer, axis_size, inner]; negative ones count from the
/// end.
///
/// Gather and scatter use one index list [count] for all; the `elements` forms have an index for
/// each element of [outer, count, inner]. Indices out of range are reported with their position.
typedef struct apus_index_params {
  int64_t outer, axis_size, inner, count;
  /// Bytes of one data element: 1, 2, 4 or 8. Ignored by the adding kernels.
  int32_t element_bytes;
  /// Bytes of one index: 4 or 8.
  int32_t index_bytes;
  /// 1: negative indices are out of range too.
  int32_t from_start;
} apus_index_params;

/// out[o, j, i] = data[o, indices[j], i], zero for an index out of range; buffers: data, indices,
/// out.
void apus_gather(void *const *buffers, const void *params, apus_context *context);

/// out[o, j, i] = data[o, indices[o, j, i], i], zero for an index out of range; buffers: data,
/// indices, out.
void apus_gather_elements(void *const *buffers, const void *params, apus_context *context);

/// out = base, then out[o, indices[j], i] += updates[o, j, i] in the order of j; buffers: base or
/// NULL for zeros, indices, updates [outer, count, inner], out (may be base).
///
/// The result does not depend on the number of threads.
void apus_scatter_add_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_f32` for doubles.
void apus_scatter_add_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_f32` for 32-bit integers, modulo 2³².
void apus_scatter_add_i32(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_f32` for 64-bit integers, modulo 2⁶⁴.
void apus_scatter_add_i64(void *const *buffers, const void *params, apus_context *context);

/// out = base, then out[o, indices[o, j, i], i] += updates[o, j, i] in the order of j; buffers:
/// base or NULL for zeros, indices, updates [outer, count, inner], out (may be base).
///
/// The result does not depend on the number of threads.
void apus_scatter_add_elements_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_elements_f32` for doubles.
void apus_scatter_add_elements_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_elements_f32` for 32-bit integers, modulo 2³².
void apus_scatter_add_elements_i32(void *const *buffers, const void *params, apus_context *context);

/// `apus_scatter_add_elements_f32` for 64-bit integers, modulo 2⁶⁴.
void apus_scatter_add_elements_i64(void *const *buffers, const void *params, apus_context *context);

/// Position of the extreme along the middle axis of [outer, axis_size, inner].
typedef struct apus_argreduce_params {
  int64_t outer, axis_size, inner;
  /// Seeks the minimum, not the maximum.
  int32_t minimum;
  /// Bytes of one result: 4 or 8.
  int32_t index_bytes;
} apus_argreduce_params;

/// out[o, i] = the first position of the extreme; a NaN counts as the extreme; buffers: x, out.
void apus_argreduce_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_argreduce_f32` for doubles.
void apus_argreduce_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_argreduce_f32` for 32-bit integers.
void apus_argreduce_i32(void *const *buffers, const void *params, apus_context *context);

/// `apus_argreduce_f32` for 64-bit integers.
void apus_argreduce_i64(void *const *buffers, const void *params, apus_context *context);

/// `apus_argreduce_f32` for bytes.
void apus_argreduce_u8(void *const *buffers, const void *params, apus_context *context);

/// Running sums along the middle axis of [outer, axis_size, inner].
typedef struct apus_cumulative_params {
  int64_t outer, axis_size, inner;
  /// Leaves the element itself out of its sum.
  int32_t exclusive;
  /// Runs from the last element to the first.
  int32_t reverse;
} apus_cumulative_params;

/// y = the running sums of x, accumulated in double; buffers: x, y (may be x).
void apus_cumulative_sum_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_cumulative_sum_f32` for doubles.
void apus_cumulative_sum_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_cumulative_sum_f32` for 32-bit integers, modulo 2³².
void apus_cumulative_sum_i32(void *const *buffers, const void *params, apus_context *context);

/// `apus_cumulative_sum_f32` for 64-bit integers, modulo 2⁶⁴.
void apus_cumulative_sum_i64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
