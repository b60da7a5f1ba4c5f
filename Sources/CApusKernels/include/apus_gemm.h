/// Matrix products.
#ifndef APUS_GEMM_H
#define APUS_GEMM_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { APUS_GEMM_BATCH_RANK = 6 };

/// C[b, m, n] = A[b, m, k] · B[b, k, n] (+ C) (+ bias[n]), then relu.
///
/// Strides count elements, so transposed and sliced views need no copy.
typedef struct apus_gemm_params {
  int64_t m, n, k;
  int64_t a_row_stride, a_column_stride;
  int64_t b_row_stride, b_column_stride;
  /// Elements from one row of C to the next; its columns are adjacent.
  int64_t c_row_stride;
  /// Elements from one C matrix to the next, in row-major order of the batch axes.
  int64_t c_batch_stride;
  int64_t batch_sizes[APUS_GEMM_BATCH_RANK];
  /// Zero repeats one matrix along that axis.
  int64_t a_batch_strides[APUS_GEMM_BATCH_RANK];
  int64_t b_batch_strides[APUS_GEMM_BATCH_RANK];
  int32_t batch_rank;
  /// Adds to C instead of replacing it.
  int32_t accumulate;
  /// Clamps the result below at zero, last of all.
  int32_t relu;
  int32_t reserved;
} apus_gemm_params;

/// Bytes of the scratch buffer of `apus_gemm_f32`.
int64_t apus_gemm_scratch_bytes_f32(const apus_gemm_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_gemm_f64`.
int64_t apus_gemm_scratch_bytes_f64(const apus_gemm_params *params, int32_t threads);

/// Computes the product; buffers: A, B, bias or NULL, C, scratch. Params: `apus_gemm_params`.
///
/// The result does not depend on the number of threads.
void apus_gemm_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_gemm_f32` for doubles.
void apus_gemm_f64(void *const *buffers, const void *params, apus_context *context);

/// Computes the product modulo 2³²; buffers: A, B, bias or NULL, C. No scratch.
void apus_gemm_i32(void *const *buffers, const void *params, apus_context *context);

/// Computes the product modulo 2⁶⁴; buffers: A, B, bias or NULL, C. No scratch.
void apus_gemm_i64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
