/// Layer, batch and group normalisation.
#ifndef APUS_NORMALIZATION_H
#define APUS_NORMALIZATION_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Layer norm of an array [rows, columns] over each row.
typedef struct apus_norm_params {
  int64_t rows, columns;
  /// Added to the variance.
  double epsilon;
  /// 1: no mean is taken away; the variance is then the mean of the squares.
  int32_t uncentered;
} apus_norm_params;

/// Bytes of the scratch buffer of `apus_layer_norm_backward_f32`.
int64_t apus_layer_norm_backward_scratch_bytes_f32(
    const apus_norm_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_layer_norm_backward_f64`.
int64_t apus_layer_norm_backward_scratch_bytes_f64(
    const apus_norm_params *params, int32_t threads);

/// y = (x − mean) · rstd · gamma + beta per row; buffers: x, gamma [columns] or NULL, beta
/// [columns] or NULL, y, mean [rows] (0 where uncentered), rstd [rows].
void apus_layer_norm_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_layer_norm_forward_f32` for doubles.
void apus_layer_norm_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// Buffers: x, gamma or NULL, mean, rstd, dy, dx, dgamma or NULL, dbeta or NULL, scratch.
///
/// Sums over rows do not depend on the number of threads.
void apus_layer_norm_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_layer_norm_backward_f32` for doubles.
void apus_layer_norm_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// Batch norm of an array [rows, columns] over each column (channel), with what often follows it.
typedef struct apus_batch_norm_params {
  int64_t rows, columns;
  /// Added to the variance.
  double epsilon;
  /// 1: the result, with the residual added, goes through max(·, 0).
  int32_t rectifies;
} apus_batch_norm_params;

/// Bytes of the scratch buffer of the batch norm kernels for floats, forward and backward.
int64_t apus_batch_norm_scratch_bytes_f32(const apus_batch_norm_params *params);

/// Bytes of the scratch buffer of the batch norm kernels for 16-bit floats, forward and backward.
int64_t apus_batch_norm_scratch_bytes_bf16(const apus_batch_norm_params *params);
int64_t apus_batch_norm_scratch_bytes_f16(const apus_batch_norm_params *params);

/// Bytes of the scratch buffer of the batch norm kernels for doubles, forward and backward.
int64_t apus_batch_norm_scratch_bytes_f64(const apus_batch_norm_params *params);

/// Normalises by the statistics of the rows; buffers: x, gamma [columns], beta [columns], residual
/// (added to the result) or NULL, y, mean [columns], variance [columns] (divided by rows), scratch.
///
/// Sums over rows do not depend on the number of threads. `y` may be the residual's memory.
void apus_batch_norm_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_batch_norm_forward_f32` for doubles.
void apus_batch_norm_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// `apus_batch_norm_forward_f32` for 16-bit floats: all but arrays of vectors [columns] are of 16 bits.
void apus_batch_norm_forward_bf16(void *const *buffers, const void *params, apus_context *context);
void apus_batch_norm_forward_f16(void *const *buffers, const void *params, apus_context *context);

/// Gradient of the forward kernel; buffers: x, gamma, mean, variance, dy, more or NULL, beta or NULL,
/// y or NULL, dx, dgamma, dbeta, dz or NULL, scratch.
///
/// - `more` is added to `dy`, and needs `dz`.
/// - With `rectifies`, the sum counts where the result was positive: `y`, or without it what x, beta
///   and the statistics give again (there was no residual then).
/// - `dz` gets what remains: the gradient of the residual. It may be the memory of `dy` or `more`;
///   `dx` may be that of any operand not in use as `dz`.
///
/// Sums over rows do not depend on the number of threads.
void apus_batch_norm_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_batch_norm_backward_f32` for doubles.
void apus_batch_norm_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_batch_norm_backward_f32` for 16-bit floats: all but arrays of vectors [columns] are of 16 bits.
void apus_batch_norm_backward_bf16(void *const *buffers, const void *params, apus_context *context);
void apus_batch_norm_backward_f16(void *const *buffers, const void *params, apus_context *context);

/// Group norm of an array [samples, places, channels] over places and groups of channels.
typedef struct apus_group_norm_params {
  int64_t samples, places, channels, groups;
  /// Added to the variance.
  double epsilon;
} apus_group_norm_params;

/// Bytes of the scratch buffer of the group norm kernels for floats, forward and backward.
int64_t apus_group_norm_scratch_bytes_f32(const apus_group_norm_params *params);

/// Bytes of the scratch buffer of the group norm kernels for doubles, forward and backward.
int64_t apus_group_norm_scratch_bytes_f64(const apus_group_norm_params *params);

/// Buffers: x, gamma [channels], beta [channels], y, mean [samples, groups], variance
/// [samples, groups] (divided by the count), scratch.
///
/// Sums do not depend on the number of threads.
void apus_group_norm_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_group_norm_forward_f32` for doubles.
void apus_group_norm_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// Buffers: x, gamma, mean, variance, dy, dx, dgamma [channels], dbeta [channels], scratch.
///
/// Sums do not depend on the number of threads.
void apus_group_norm_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_group_norm_backward_f32` for doubles.
void apus_group_norm_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
