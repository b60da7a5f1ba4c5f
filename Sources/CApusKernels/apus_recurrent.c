#include "apus_recurrent.h"

#include "apus_panel.h"
#include "float_math.h"

enum {
  // Depth of a block of the packed weight: a panel of this depth stays in the first-level cache.
  APUS_RECURRENT_DEPTH = 256,
};

APUS_INLINE int64_t apus_recurrent_gates(int32_t cell) {
  return cell == apus_recurrent_gru ? 3 : cell <= apus_recurrent_relu ? 1 : 4;
}

// Blocks kept for the gradient; a row of scratch has as many, never fewer than there are gates.
APUS_INLINE int64_t apus_recurrent_saved(int32_t cell) {
  return cell <= apus_recurrent_relu ? 1 : 4;
}

APUS_INLINE int64_t apus_recurrent_length(
    const apus_recurrent_params *p, const void *lengths, int64_t sample) {
  if (!lengths) return p->steps;
  return p->length_bytes == 8 ? ((const int64_t *)lengths)[sample]
                              : ((const int32_t *)lengths)[sample];
}

// Reports lengths outside 0…T.
static int apus_recurrent_check(
    const apus_recurrent_params *p, const void *lengths, apus_context *context) {
  int good = 1;
  for (int64_t sample = 0; sample < p->samples; sample++) {
    const int64_t length = apus_recurrent_length(p, lengths, sample);
    if (length >= 0 && length <= p->steps) continue;
    apus_report(context, apus_error_index_out_of_range, length, p->steps + 1, sample);
    good = 0;
  }
  return good;
}

#define REAL float
#define SUFFIX f32
#define NAME(x) APUS_JOIN(x, SUFFIX)
#define SIGMOID sigmoid_float
#define TANH tanh_float
#define EACH_UNIT _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++)
#include "apus_recurrent_cells.inc"
#include "apus_recurrent.inc"
#undef REAL
#undef SUFFIX
#undef SIGMOID
#undef TANH
#undef EACH_UNIT

#define REAL double
#define SUFFIX f64
#define SIGMOID(x) (1 / (1 + exp(-(x))))
#define TANH tanh
// Calls of the C library do not vectorise.
#define EACH_UNIT for (int64_t i = 0; i < n; i++)
#include "apus_recurrent_cells.inc"
#include "apus_recurrent.inc"
