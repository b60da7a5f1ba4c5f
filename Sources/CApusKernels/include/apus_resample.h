/// Resampling along an axis, and adding overlapping windows up.
#ifndef APUS_RESAMPLE_H
#define APUS_RESAMPLE_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Where element i of the result comes from, in a source of `source` elements.
typedef enum apus_resample_rule {
  /// Element floor(i * scale).
  apus_resample_nearest,
  /// Between the elements around (i + 1/2) * scale - 1/2.
  apus_resample_linear,
  /// Between the elements around i * scale.
  apus_resample_aligned,
  /// Element (i - low) mod source.
  apus_resample_circular,
  /// Element i - low, mirrored at the ends.
  apus_resample_reflect,
  /// Element i - low, or the nearest end.
  apus_resample_replicate,
} apus_resample_rule;

/// The middle axis of [outer, source, inner] becomes that of [outer, target, inner].
typedef struct apus_resample_params {
  int64_t outer, source, target, inner;
  double scale;
  int64_t low;
  int64_t rule;
} apus_resample_params;

/// Bytes of scratch for either direction.
int64_t apus_resample_scratch_bytes(const apus_resample_params *params);

/// y from x; buffers: x, y, scratch.
void apus_resample_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_resample_f32` for doubles.
void apus_resample_f64(void *const *buffers, const void *params, apus_context *context);

/// dx from dy, in an order that does not depend on the threads; buffers: dy, dx, scratch.
void apus_resample_transpose_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_resample_transpose_f32` for doubles.
void apus_resample_transpose_f64(void *const *buffers, const void *params, apus_context *context);

/// Windows [batch, count…, window…, channels] over [batch, size…, channels]; three spatial axes,
/// absent ones with extents of 1.
typedef struct apus_fold_params {
  int64_t batch, channels;
  int64_t size[3], count[3], window[3], stride[3], dilation[3];
} apus_fold_params;

/// x = the sum of the windows, each where it lies; buffers: windows, x.
void apus_fold_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_fold_f32` for doubles.
void apus_fold_f64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
