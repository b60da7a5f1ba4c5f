/// Convolutions over channels-last activations, and their gradients.
#ifndef APUS_CONVOLUTION_H
#define APUS_CONVOLUTION_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One convolution: x [N, D, H, W, C], w [O, C / groups, kD, kH, kW], y [N, oD, oH, oW, O].
///
/// Sizes of absent spatial axes are 1, with stride and dilation 1 and no padding. The same struct
/// describes the convolution to all three kernels.
typedef struct apus_convolution_params {
  int64_t batch;
  int64_t input_channels, output_channels, groups;
  int64_t input_size[3], output_size[3];
  int64_t kernel_size[3], stride[3], dilation[3];
  int64_t pad_low[3], pad_high[3];
  /// Clamps the forward result below at zero.
  int32_t relu;
  int32_t reserved;
} apus_convolution_params;

/// Bytes of the scratch buffer of `apus_convolution_forward_f32`.
int64_t apus_convolution_forward_scratch_bytes_f32(
    const apus_convolution_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_convolution_forward_f64`.
int64_t apus_convolution_forward_scratch_bytes_f64(
    const apus_convolution_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_convolution_input_gradient_f32`.
int64_t apus_convolution_input_gradient_scratch_bytes_f32(
    const apus_convolution_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_convolution_input_gradient_f64`.
int64_t apus_convolution_input_gradient_scratch_bytes_f64(
    const apus_convolution_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_convolution_weight_gradient_f32`.
int64_t apus_convolution_weight_gradient_scratch_bytes_f32(
    const apus_convolution_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_convolution_weight_gradient_f64`.
int64_t apus_convolution_weight_gradient_scratch_bytes_f64(
    const apus_convolution_params *params, int32_t threads);

/// y = x ∗ w (+ bias[O]), then relu; buffers: x, w, bias or NULL, y, scratch.
///
/// The result does not depend on the number of threads; this holds for all kernels here.
void apus_convolution_forward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_convolution_forward_f32` for doubles.
void apus_convolution_forward_f64(
    void *const *buffers, const void *params, apus_context *context);

/// dx from dy; buffers: dy, w, dx, scratch. Every element of dx is written.
void apus_convolution_input_gradient_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_convolution_input_gradient_f32` for doubles.
void apus_convolution_input_gradient_f64(
    void *const *buffers, const void *params, apus_context *context);

/// dw from x and dy; buffers: x, dy, dw, scratch. Every element of dw is written.
void apus_convolution_weight_gradient_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_convolution_weight_gradient_f32` for doubles.
void apus_convolution_weight_gradient_f64(
    void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
