#include "vectorized.h"

#define T i64
#define U uint64_t
#define LOWEST INT64_MIN
#define HIGHEST INT64_MAX

typedef int64_t i64;
#include "integer_power.def"

APUS_INLINE i64 quotient(i64 a, i64 b) {
  return b == 0 ? 0 : b == -1 ? (i64)-(U)a : a / b;
}

APUS_INLINE i64 remainder_of(i64 a, i64 b) { return b == 0 || b == -1 ? 0 : a % b; }

#define TYPE apus_compute_i64
#define WIDTH 8
#define ROWS "tile_i64_rows.def"
#define TABLE apus_operations_i64
#include "tile_type.def"
