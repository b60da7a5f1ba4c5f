// Private register tile shared by the matrix product and the convolutions.
#ifndef APUS_TILE_H
#define APUS_TILE_H

#include "apus_dense_support.h"

enum {
  APUS_TILE_ROWS = 6,
  APUS_TILE_COLUMNS_f32 = 16,
  APUS_TILE_COLUMNS_f64 = 8,
  // Depth of one packed block: a panel of this depth stays in the first-level cache.
  APUS_TILE_DEPTH = 256,
};

// A run of the reduction axis: elements `offset`, `offset + step`, … of every row.
typedef struct apus_segment {
  int64_t offset, length;
} apus_segment;

// out[i][j] (+)= Σ_p rows[i][p] · panel[p][j], then bias and relu. Rows are arbitrary pointers, so
// that matrices, packed blocks and convolution windows share one kernel; the panel must be readable
// for a whole vector, or two when more than half of the columns are used.
#define APUS_DECLARE_TILE(REAL, SUFFIX)                                            \
  typedef struct apus_tile_##SUFFIX {                                              \
    const REAL *rows[APUS_TILE_ROWS];                                              \
    REAL *out[APUS_TILE_ROWS];                                                     \
    const apus_segment *segments;                                                  \
    int64_t segment_count, row_step;                                               \
    const REAL *panel;                                                             \
    int64_t panel_step;                                                            \
    const REAL *bias;                                                              \
    int32_t row_count, column_count, accumulate, relu;                             \
  } apus_tile_##SUFFIX;                                                            \
  __attribute__((visibility("hidden"))) void apus_tile_run_##SUFFIX(               \
      const apus_tile_##SUFFIX *tile);

APUS_DECLARE_TILE(float, f32)
APUS_DECLARE_TILE(double, f64)

#endif
