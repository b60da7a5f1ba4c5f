#include "apus_ctc.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "float_math.h"
#include "apus_threads.h"

// The logarithm of a probability that is none: finite, so that no difference of two is NaN.
#define APUS_CTC_NEVER -1e30

enum {
  // Neighbours that a state looks at beyond either end.
  APUS_CTC_MARGIN = 2,
  // Rows of one worker's scratch: labels (8 bytes a state), then numbers (at most 8 bytes).
  APUS_CTC_ROWS = 5,
};

static int64_t apus_ctc_states(const apus_ctc_params *p) { return 2 * p->labels + 1; }

// Elements of one row of scratch.
static int64_t apus_ctc_row(const apus_ctc_params *p) {
  return (apus_ctc_states(p) + 2 * APUS_CTC_MARGIN + 7) / 8 * 8;
}

int64_t apus_ctc_scratch_bytes(const apus_ctc_params *params, int32_t threads) {
  return (threads < 1 ? 1 : threads) * APUS_CTC_ROWS * apus_ctc_row(params) * 8;
}

// Reports what is out of range in a sample; 0 when it is good.
static int apus_ctc_check(
    const apus_ctc_params *p, const int64_t *targets, int64_t input, int64_t length,
    int64_t sample, apus_context *context) {
  if (input < 0 || input > p->steps) {
    apus_report(context, apus_error_index_out_of_range, input, p->steps + 1, sample);
    return 1;
  }
  if (length < 0 || length > p->labels) {
    apus_report(context, apus_error_index_out_of_range, length, p->labels + 1, sample);
    return 1;
  }
  for (int64_t s = 0; s < length; s++) {
    if (targets[s] >= 0 && targets[s] < p->classes) continue;
    apus_report(
        context, apus_error_index_out_of_range, targets[s], p->classes, sample * p->labels + s);
    return 1;
  }
  return 0;
}

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(x) JOIN(x, SUFFIX)

#define REAL float
#define SUFFIX f32
#define EXP exp_float
#define LOG log_float
#define CTC_LOOP APUS_LOOP
#include "apus_ctc.inc"
#undef REAL
#undef SUFFIX
#undef EXP
#undef LOG
#undef CTC_LOOP

#define REAL double
#define SUFFIX f64
#define EXP exp
#define LOG log
// The library's functions of doubles take one number.
#define CTC_LOOP
#include "apus_ctc.inc"
