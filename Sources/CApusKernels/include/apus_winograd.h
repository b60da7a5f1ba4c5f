/// Convolutions of 3 × 3 windows by Winograd's algorithm.
#ifndef APUS_WINOGRAD_H
#define APUS_WINOGRAD_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /// Channels must be a multiple of this.
  APUS_WINOGRAD_LANES = 16,
};

/// One convolution of stride 1: x [N, H, W, C], w [O, C, 3, 3] → y [N, oH, oW, O].
typedef struct apus_winograd_params {
  int64_t batch;
  int64_t input_channels, output_channels;
  int64_t input_size[2], output_size[2];
  int64_t pad_low[2];
  /// Clamps the result below at zero, last of all; NaN stays.
  int32_t relu;
  /// Computes dx from dy instead: input is dy [N, oH, oW, O], output dx [N, H, W, C], and the weights
  /// are still w [O, C, 3, 3], turned around as they are transformed. `pad_low` is then 2 − the
  /// padding of the convolution.
  int32_t gradient;
} apus_winograd_params;

/// Bytes of the transformed weights.
int64_t apus_winograd_weight_bytes(const apus_winograd_params *params);

/// Transforms weights; buffers: w, u.
void apus_winograd_weights(void *const *buffers, const void *params, apus_context *context);

/// Bytes of the scratch buffer of `apus_winograd_forward`.
int64_t apus_winograd_scratch_bytes(const apus_winograd_params *params, int32_t threads);

/// y = x ∗ w (+ bias[O]) (+ addend, of y's shape), then relu; buffers: x, u, bias or NULL, addend or
/// NULL, y, scratch. The addend may be y itself.
///
/// Tiles of 4 × 4 results take 36 products instead of 144. The result does not depend on the number of
/// threads.
void apus_winograd_forward(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
