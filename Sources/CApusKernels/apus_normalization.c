#include "apus_normalization.h"

#include "apus_dense_support.h"
#include "halves.h"
#include "streaming.h"

enum {
  // Parts of the rows that add up apart, at most; fixed, so that threads do not change sums.
  APUS_NORM_SPLITS = 32,
  // Rows whose sums stay in the element type before they join the double sums.
  APUS_NORM_BLOCK = 64,
};

// How a batch norm's gradient knows what the rectifier behind it let through.
enum { APUS_NOT_RECTIFIED, APUS_RECTIFIED_RECOMPUTED, APUS_RECTIFIED_KEPT };

// By shape alone.
APUS_INLINE int64_t apus_norm_splits(int64_t rows) {
  return apus_max(1, apus_min(APUS_NORM_SPLITS, rows / 16));
}

// Parts of a sample, by shape alone: threads do not change sums. Enough samples need none.
APUS_INLINE int64_t apus_group_splits(const apus_group_norm_params *p) {
  return p->samples >= 8 ? 1 : apus_max(1, apus_min(16, p->places / 256));
}

// Places that are read twice in a row, a few thousand elements.
APUS_INLINE int64_t apus_group_block(int64_t channels) {
  return apus_max(4, apus_min(64, 4096 / channels));
}

#define REAL float
#define INTEGER int32_t
#define SUFFIX f32
#define APUS_IS_DOUBLE 0
#define NAME(x) APUS_JOIN(x, SUFFIX)
#define ELEMENT REAL
#define WIDEN(element) (element)
#define NARROW(number) (number)
#include "apus_layer_norm.inc"
#include "apus_batch_norm.inc"
#include "apus_group_norm.inc"
#undef REAL
#undef INTEGER
#undef SUFFIX
#undef APUS_IS_DOUBLE

#define REAL double
#define INTEGER int64_t
#define SUFFIX f64
#define APUS_IS_DOUBLE 1
#include "apus_layer_norm.inc"
#include "apus_batch_norm.inc"
#include "apus_group_norm.inc"
#undef REAL
#undef INTEGER
#undef SUFFIX
#undef APUS_IS_DOUBLE
#undef ELEMENT
#undef WIDEN
#undef NARROW

// 16-bit floats are computed in 32 bits; scales, statistics and sums are of 32 bits in memory too.
#define REAL float
#define ELEMENT uint16_t
#define SUFFIX bf16
#define WIDEN(element) float_of_brain(element)
#define NARROW(number) brain_of(number)
#include "apus_batch_norm.inc"
#undef SUFFIX
#undef WIDEN
#undef NARROW

#define SUFFIX f16
#define WIDEN(element) float_of_half(element)
#define NARROW(number) half_of_float(number)
#include "apus_batch_norm.inc"
