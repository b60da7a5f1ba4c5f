// Private packing of a right-hand side, for kernels that multiply by the same matrix many times.
#ifndef APUS_GEMM_PACK_H
#define APUS_GEMM_PACK_H

#include "apus_dense_support.h"

// packed[panel][depth][columns of a tile] ← B; missing columns are zero.
#define APUS_DECLARE_PACK(REAL, SUFFIX)                                                   \
  __attribute__((visibility("hidden"))) void apus_gemm_pack_b_##SUFFIX(                   \
      const REAL *b, int64_t row_stride, int64_t column_stride, int64_t depth,            \
      int64_t columns, REAL *restrict packed);

APUS_DECLARE_PACK(float, f32)
APUS_DECLARE_PACK(double, f64)

#endif
