#include "vectorized.h"

#define T i32
#define U uint32_t
#define LOWEST INT32_MIN
#define HIGHEST INT32_MAX

typedef int32_t i32;
#include "integer_power.def"

// Doubles hold every i32 and round no quotient across an integer, and their division vectorises.
APUS_INLINE i32 quotient(i32 a, i32 b) {
  i32 negated = (i32)-(U)a;
  i32 q = ((b == 0) | (b == -1)) ? 0 : (i32)((double)a / (double)b);
  return b == -1 ? negated : q;
}

APUS_INLINE i32 remainder_of(i32 a, i32 b) {
  i32 r = (i32)((U)a - (U)quotient(a, b) * (U)b);
  return b == 0 ? 0 : r;
}

#define TYPE apus_compute_i32
#define WIDTH 16
#define ROWS "tile_i32_rows.def"
#define TABLE apus_operations_i32
#include "tile_type.def"
