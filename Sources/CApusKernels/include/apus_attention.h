/// Scaled dot-product attention and its gradient, without an array of all scores.
#ifndef APUS_ATTENTION_H
#define APUS_ATTENTION_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  apus_attention_no_mask = 0,
  /// One byte a score: whether the query sees the key.
  apus_attention_bool_mask = 1,
  /// A number a score, added to it.
  apus_attention_real_mask = 2,
};

/// y[n, t, h] = softmax(scale · q[n, t, h] · k[n, ·, g]ᵀ + mask) · v[n, ·, g], g = h / (heads / groups).
///
/// Strides count elements along batch, time and heads; the elements of a head are adjacent. y, dq, dk
/// and dv are contiguous [batch, time, heads, width], logsumexps [batch, heads, queries].
typedef struct apus_attention_params {
  int64_t batch, heads, groups, queries, keys, width, value_width;
  int64_t q_strides[3], k_strides[3], v_strides[3], dy_strides[3];
  /// Along batch, heads, queries and keys; 0 repeats.
  int64_t mask_strides[4];
  /// With `is_causal`, query i sees keys j ≤ i + causal_offset alone.
  int64_t causal_offset;
  double scale;
  /// Weights are dropped where the uniform number of their place is not below `1 − dropout_rate`.
  double dropout_rate;
  int32_t is_causal, mask_kind;
} apus_attention_params;

/// Bytes of the scratch buffer of `apus_attention_forward_f32`: linear in the number of keys.
int64_t apus_attention_forward_scratch_bytes_f32(
    const apus_attention_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_attention_forward_f64`.
int64_t apus_attention_forward_scratch_bytes_f64(
    const apus_attention_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_attention_backward_f32`: linear in keys and queries.
int64_t apus_attention_backward_scratch_bytes_f32(
    const apus_attention_params *params, int32_t threads);

/// Bytes of the scratch buffer of `apus_attention_backward_f64`.
int64_t apus_attention_backward_scratch_bytes_f64(
    const apus_attention_params *params, int32_t threads);

/// Buffers: q, k, v, mask or NULL, random key int64[2] or NULL, y, logsumexp, scratch.
///
/// A query that sees no key gives zeros and −∞. Results do not depend on the number of threads.
void apus_attention_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_attention_forward_f32` for doubles.
void apus_attention_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// Buffers: q, k, v, y, logsumexp, dy, mask or NULL, random key or NULL, dq, dk, dv, scratch.
///
/// Results do not depend on the number of threads.
void apus_attention_backward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_attention_backward_f32` for doubles.
void apus_attention_backward_f64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
