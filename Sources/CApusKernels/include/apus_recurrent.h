/// Recurrent networks over whole sequences: all steps in one kernel.
#ifndef APUS_RECURRENT_H
#define APUS_RECURRENT_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The formula of a step.
enum apus_recurrent_cell {
  apus_recurrent_tanh,
  apus_recurrent_relu,
  /// Gates i, f, g, o.
  apus_recurrent_lstm,
  apus_recurrent_peephole_lstm,
  /// Gates r, z, n; reset after the product.
  apus_recurrent_gru,
};

/// Gates G and saved blocks S: 1 and 1 (tanh, relu), 4 and 4 (LSTM), 3 and 4 (GRU).
typedef struct apus_recurrent_params {
  /// T, N, H.
  int64_t steps, samples, units;
  int32_t cell;
  /// Runs from the last step to the first; the gradient then from the first to the last.
  int32_t reversed;
  /// Bytes of one of the lengths, 4 or 8; 0 without lengths.
  int32_t length_bytes;
  int32_t reserved;
} apus_recurrent_params;

/// Bytes of the scratch buffer of both kernels.
int64_t apus_recurrent_scratch_bytes_f32(const apus_recurrent_params *params);

/// `apus_recurrent_scratch_bytes_f32` for doubles.
int64_t apus_recurrent_scratch_bytes_f64(const apus_recurrent_params *params);

/// Runs all steps; buffers: input [T, N, G·H], weight [G·H, H], bias [G·H], h [N, H], c [N, H] or
/// NULL, peepholes [3, H] or NULL, lengths [N] or NULL, y [T, N, H] or NULL, last h [N, H], last c
/// [N, H] or NULL, saved [T, N, S·H] or NULL, h before each step [T, N, H] or NULL, c before each
/// step [T, N, H] or NULL, scratch.
///
/// Past the length of its sample a step keeps the state and writes zeros. A length outside 0…T is
/// reported. Samples are split among threads; the result does not depend on their number.
void apus_recurrent_forward_f32(void *const *buffers, const void *params, apus_context *context);

/// `apus_recurrent_forward_f32` for doubles.
void apus_recurrent_forward_f64(void *const *buffers, const void *params, apus_context *context);

/// The gradient; buffers: dy [T, N, H], dh [N, H], dc [N, H] or NULL, saved, the last of the states
/// before each step [T, N, H], weight, peepholes or NULL, lengths or NULL, dinput [T, N, G·H],
/// dproduct [T, N, G·H] or NULL where it is dinput, dh of the first state [N, H], dc of the first
/// state [N, H] or NULL, scratch.
void apus_recurrent_backward_f32(
    void *const *buffers, const void *params, apus_context *context);

/// `apus_recurrent_backward_f32` for doubles.
void apus_recurrent_backward_f64(
    void *const *buffers, const void *params, apus_context *context);

#ifdef __cplusplus
}
#endif

#endif
