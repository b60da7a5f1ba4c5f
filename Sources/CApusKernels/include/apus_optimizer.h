/// Whole optimizer updates in one pass over a contiguous range of parameters.
#ifndef APUS_OPTIMIZER_H
#define APUS_OPTIMIZER_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct apus_adam_params {
  int64_t count;
  double beta1, beta2, epsilon, weight_decay;
  /// 1: decay acts on the parameter (AdamW); 0: it is added to the gradient.
  int32_t decoupled;
} apus_adam_params;

/// Adam (Kingma and Ba 2015) or AdamW, in place on f32 buffers `[p, m, v, g, scalars]`.
///
/// `scalars` is f32 `[rate, 1 - beta1^t, 1 - beta2^t, gradient scale]`:
///
///     g ← scale·g  (+ decay·p)
///     m ← β1·m + (1 − β1)·g
///     v ← β2·v + (1 − β2)·g²
///     p ← p − rate·(m / c1) / (√(v / c2) + ε)  (− rate·decay·p)
void apus_adam_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_adam_f32` on f64 buffers; `scalars` is f64 too.
void apus_adam_f64(void *const *buffers, const void *params, apus_context *context);

typedef struct apus_sgd_params {
  int64_t count;
  double momentum, weight_decay;
  int32_t nesterov;
} apus_sgd_params;

/// Gradient descent with momentum, in place on f32 buffers `[p, m, g, scalars]`.
///
/// `scalars` is f32 `[rate, gradient scale]`. Without momentum `m` is not touched and may be NULL:
///
///     g ← scale·g + decay·p
///     m ← μ·m + g
///     p ← p − rate·m          (nesterov: p − rate·(g + μ·m))
void apus_sgd_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_sgd_f32` on f64 buffers; `scalars` is f64 too.
void apus_sgd_f64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
