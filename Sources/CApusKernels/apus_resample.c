#include "apus_resample.h"

#include "apus_dense_support.h"

// One element of the result: `first` and, unless `weight` is 0, as much of `second`.
typedef struct apus_tap {
  int64_t first, second;
  double weight;
} apus_tap;

static apus_tap apus_resample_between(double place, int64_t n) {
  const double inside = place > 0 ? place : 0;
  const int64_t first = inside >= (double)(n - 1) ? n - 1 : (int64_t)inside;
  const double rest = inside - (double)first;
  apus_tap tap = {first, apus_min(first + 1, n - 1), rest < 1 ? rest : 1};
  if (tap.second == tap.first) tap.weight = 0;
  return tap;
}

static apus_tap apus_resample_tap(const apus_resample_params *p, int64_t i) {
  const int64_t n = p->source, shifted = i - p->low;
  int64_t at = 0;
  switch ((apus_resample_rule)p->rule) {
    case apus_resample_nearest:
      at = (double)i * p->scale >= (double)n ? n - 1 : (int64_t)((double)i * p->scale);
      break;
    case apus_resample_linear:
      return apus_resample_between(((double)i + 0.5) * p->scale - 0.5, n);
    case apus_resample_aligned:
      return apus_resample_between((double)i * p->scale, n);
    case apus_resample_circular:
      at = (shifted % n + n) % n;
      break;
    case apus_resample_reflect:
      at = shifted < 0 ? -shifted : shifted;
      if (at > n - 1) at = 2 * (n - 1) - at;
      break;
    case apus_resample_replicate:
      at = apus_max(0, apus_min(shifted, n - 1));
      break;
  }
  return (apus_tap){at, at, 0};
}

static void apus_resample_taps(const apus_resample_params *p, apus_tap *taps) {
  for (int64_t i = 0; i < p->target; i++) taps[i] = apus_resample_tap(p, i);
}

int64_t apus_resample_scratch_bytes(const apus_resample_params *params) {
  return params->target * (int64_t)sizeof(apus_tap);
}

#define REAL float
#define SUFFIX f32
#include "apus_resample.inc"
#include "apus_fold.inc"
#undef REAL
#undef SUFFIX

#define REAL double
#define SUFFIX f64
#include "apus_resample.inc"
#include "apus_fold.inc"
#undef REAL
#undef SUFFIX
