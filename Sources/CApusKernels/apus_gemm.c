#include "apus_gemm.h"

#include "apus_panel.h"

enum {
  // Rows of A met by one panel after the other: a block of this height and depth stays in the
  // second-level cache.
  APUS_GEMM_ROWS = 144,
  // Columns of B packed together.
  APUS_GEMM_COLUMNS = 1024,
  // Depth of a block: a panel of this depth stays in the first-level cache.
  APUS_GEMM_DEPTH = 256,
  // B is read in place when a unit has no more rows than this: packing would cost more.
  APUS_GEMM_DIRECT_ROWS = 48,
};

// The even part of `total` when it is cut into parts of at most `most`, a multiple of `unit`.
APUS_INLINE int64_t apus_even_part(int64_t total, int64_t most, int64_t unit) {
  const int64_t parts = apus_max(1, apus_ceil_div(total, most));
  return apus_max(unit, apus_round_up(apus_ceil_div(total, parts), unit));
}

// A whose columns are adjacent is read in place; else packing pays from a few panels on.
APUS_INLINE int apus_gemm_packs_a(const apus_gemm_params *p, int64_t columns, int64_t width) {
  return p->a_column_stride != 1 && columns > 2 * width;
}

// Element offset of matrix `batch`, given the strides along the batch axes.
APUS_INLINE int64_t apus_gemm_offset(
    const apus_gemm_params *p, const int64_t *strides, int64_t batch) {
  int64_t offset = 0;
  for (int32_t axis = p->batch_rank - 1; axis >= 0; axis--) {
    const int64_t size = p->batch_sizes[axis];
    offset += batch % size * strides[axis];
    batch /= size;
  }
  return offset;
}

APUS_INLINE int64_t apus_gemm_batch(const apus_gemm_params *p) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < p->batch_rank; axis++) count *= p->batch_sizes[axis];
  return count;
}

// How the result is cut into units of work. Only rows and columns are cut, never the sum.
typedef struct apus_gemm_grid {
  int64_t row_parts, column_parts, rows, columns;
} apus_gemm_grid;

static apus_gemm_grid apus_gemm_split(
    const apus_gemm_params *p, int64_t batch, int64_t threads, int64_t height, int64_t width) {
  apus_gemm_grid grid = {1, 1, p->m, p->n};
  if (threads > 1 && batch < threads * 2 &&
      batch * p->m * p->n * apus_max(1, p->k) >= APUS_SERIAL_WORK) {
    if (p->m >= 24 * threads && p->m >= p->n / 4) {
      grid.row_parts = threads;
    } else if (p->n >= 2 * width * threads) {
      grid.column_parts = threads;
    } else {
      while (batch * grid.row_parts * grid.column_parts < threads) {
        if (p->m / grid.row_parts >= 12)
          grid.row_parts *= 2;
        else if (p->n / grid.column_parts >= 2 * width)
          grid.column_parts *= 2;
        else
          break;
      }
    }
  }
  grid.rows = apus_round_up(apus_ceil_div(p->m, grid.row_parts), height);
  grid.columns = apus_round_up(apus_ceil_div(p->n, grid.column_parts), width);
  grid.row_parts = apus_max(1, apus_ceil_div(p->m, grid.rows));
  grid.column_parts = apus_max(1, apus_ceil_div(p->n, grid.columns));
  return grid;
}

#define REAL float
#define SUFFIX f32
#define LANES 8
#include "apus_gemm.inc"
#include "apus_gemm_vector.inc"
#include "apus_gemm_entry.inc"
#undef REAL
#undef SUFFIX
#undef LANES

#define REAL double
#define SUFFIX f64
#define LANES 4
#include "apus_gemm.inc"
#include "apus_gemm_vector.inc"
#include "apus_gemm_entry.inc"
#undef REAL
#undef SUFFIX
#undef LANES

#define INTEGER uint32_t
#define SIGNED int32_t
#define SUFFIX i32
#include "apus_gemm_integer.inc"
#undef INTEGER
#undef SIGNED
#undef SUFFIX

#define INTEGER uint64_t
#define SIGNED int64_t
#define SUFFIX i64
#include "apus_gemm_integer.inc"
