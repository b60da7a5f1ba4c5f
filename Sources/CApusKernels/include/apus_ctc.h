/// Connectionist temporal classification: the forward and backward variables of Graves et al. 2006.
#ifndef APUS_CTC_H
#define APUS_CTC_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Log-probabilities [samples, steps, classes] and targets [samples, labels].
typedef struct apus_ctc_params {
  int64_t samples, steps, classes, labels;
  /// The class that stands for no label.
  int64_t blank;
} apus_ctc_params;

/// Bytes of the scratch buffer of all four kernels.
int64_t apus_ctc_scratch_bytes(const apus_ctc_params *params, int32_t threads);

/// Buffers: log-probabilities, targets (int64), input lengths [samples] (int64), target lengths
/// [samples] (int64), loss [samples], alpha [samples, steps, 2 · labels + 1], scratch.
///
/// A label or length out of range is reported; the loss of that sample is NaN.
void apus_ctc_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_ctc_forward_f32` for doubles.
void apus_ctc_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// Buffers: those of the forward kernel up to alpha, dloss [samples], dlogs as the
/// log-probabilities, scratch.
void apus_ctc_backward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_ctc_backward_f32` for doubles.
void apus_ctc_backward_f64(void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
