#include "apus_gemm.h"

#include "apus_gemm_pack.h"
#include "apus_tile.h"

enum {
  // Rows of A packed together: a block of this height and depth stays in the second-level cache.
  APUS_GEMM_ROWS = 144,
  // Columns of B packed together.
  APUS_GEMM_COLUMNS = 1024,
  // B is read in place when a tile has no more rows than this: packing would cost more.
  APUS_GEMM_DIRECT_ROWS = 48,
  // A is read in place when a tile has no more columns than this.
  APUS_GEMM_DIRECT_COLUMNS = 96,
};

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
    const apus_gemm_params *p, int64_t batch, int64_t threads, int64_t lanes) {
  apus_gemm_grid grid = {1, 1, p->m, p->n};
  if (threads > 1 && batch < threads * 2 &&
      batch * p->m * p->n * apus_max(1, p->k) >= APUS_SERIAL_WORK) {
    if (p->m >= 24 * threads && p->m >= p->n / 4) {
      grid.row_parts = threads;
    } else if (p->n >= 2 * lanes * threads) {
      grid.column_parts = threads;
    } else {
      while (batch * grid.row_parts * grid.column_parts < threads) {
        if (p->m / grid.row_parts >= 12)
          grid.row_parts *= 2;
        else if (p->n / grid.column_parts >= 2 * lanes)
          grid.column_parts *= 2;
        else
          break;
      }
    }
  }
  grid.rows = apus_round_up(apus_ceil_div(p->m, grid.row_parts), APUS_TILE_ROWS);
  grid.columns = apus_round_up(apus_ceil_div(p->n, grid.column_parts), lanes);
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
