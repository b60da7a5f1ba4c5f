/// Window pooling over channels-last activations.
#ifndef APUS_POOLING_H
#define APUS_POOLING_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One pooling: x [N, D, H, W, C], y [N, oD, oH, oW, C].
///
/// Absent spatial axes have size, window, stride and dilation 1 and no padding.
typedef struct apus_pool_params {
  int64_t batch, channels;
  int64_t input_size[3], output_size[3];
  int64_t window[3], stride[3], dilation[3];
  int64_t pad_low[3], pad_high[3];
  /// Averages divide by the window's positions inside the padded input, not the input proper.
  int32_t count_include_pad;
  /// Windows are bins: output i of O covers elements floor(i * size / O) ..< ceil((i + 1) * size / O).
  /// `window` then bounds their extents, and stride, dilation and padding do not count.
  int32_t adaptive;
} apus_pool_params;

/// y = the maximum of each window, NaN if it holds one; buffers: x, y.
void apus_max_pool_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_max_pool_forward_f32` for doubles.
void apus_max_pool_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// dx = the sum of dy over the windows whose first maximum an element is; buffers: x, dy, dx.
void apus_max_pool_backward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_max_pool_backward_f32` for doubles.
void apus_max_pool_backward_f64(void *const *buffers, const void *params, apus_context *context);

/// out = the value of v where the window's first maximum of x is; buffers: x, v, out.
void apus_max_pool_gather_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_max_pool_gather_f32` for doubles.
void apus_max_pool_gather_f64(void *const *buffers, const void *params, apus_context *context);

/// out = the place of the window's first maximum of x among the input's pixels, as int64; buffers:
/// x, out.
void apus_max_pool_indices_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_max_pool_indices_f32` for doubles.
void apus_max_pool_indices_f64(void *const *buffers, const void *params, apus_context *context);

/// out = a place drawn from each window, among the input's pixels, as int64: the first whose running
/// sum of max(x, 0) exceeds u times the window's sum, or the first of all; buffers: x, u, out.
void apus_stochastic_pool_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_stochastic_pool_f32` for doubles.
void apus_stochastic_pool_f64(void *const *buffers, const void *params, apus_context *context);

/// y = the mean of each window; buffers: x, y.
void apus_average_pool_forward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_average_pool_forward_f32` for doubles.
void apus_average_pool_forward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// dx from dy; buffers: dy, dx. Every element of dx is written.
void apus_average_pool_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_average_pool_backward_f32` for doubles.
void apus_average_pool_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
