// Private register tiles of the matrix product and the convolutions.
#ifndef APUS_PANEL_H
#define APUS_PANEL_H

#include "apus_dense_support.h"

#define APUS_JOIN3_(a, b, c) a##_##b##_##c
#define APUS_JOIN3(a, b, c) APUS_JOIN3_(a, b, c)

enum {
  // Most rows a call may have, so that callers can keep their pointers on the stack.
  APUS_PANEL_ROWS = 192,
  // Most columns of a panel on any instruction set.
  APUS_PANEL_COLUMNS = 32,
};

// A run of the reduction axis: elements `offset`, `offset + row_step`, … of every row meet the lines
// of the panel from line `panel` on.
typedef struct apus_run {
  int64_t offset, panel, length;
} apus_run;

// out[i][column + j] (+)= Σ_p rows[i][p] · panel[p][j], then bias and relu. Rows are arbitrary
// pointers, so that matrices, packed blocks and convolution windows share one kernel. Unless the
// kernel is `exact`, the panel must be readable for whole vectors: one, or two when more columns than
// one vector are used.
//
// A kernel is one instruction set's code. Its panels are `columns` wide.
#define APUS_DECLARE_PANEL(REAL, SUFFIX)                                                    \
  typedef struct apus_panel_##SUFFIX {                                                      \
    const REAL *const *rows;                                                                \
    REAL *const *out;                                                                       \
    const apus_run *runs;                                                                   \
    int64_t row_count, run_count, row_step;                                                 \
    const REAL *panel;                                                                      \
    int64_t panel_step, column, column_count;                                               \
    const REAL *bias;                                                                       \
    int32_t accumulate, relu;                                                               \
  } apus_panel_##SUFFIX;                                                                    \
  typedef struct apus_panel_kernel_##SUFFIX {                                               \
    int32_t rows, columns, exact;                                                           \
    void (*run)(const apus_panel_##SUFFIX *panel);                                          \
    /* c[j] ← Σ_p a[p · a_step] · b[p · b_step + j] + bias[j], then relu. Exact kernels alone. */ \
    void (*row)(                                                                            \
        const REAL *a, int64_t a_step, const REAL *b, int64_t b_step, int64_t depth,        \
        int64_t columns, const REAL *bias, int relu, REAL *c);                              \
    /* c[j] ← Σ_p a[p] · b[j · b_step + p] + bias[j], then relu. NULL where nothing is gained. */ \
    void (*dots)(                                                                           \
        const REAL *a, const REAL *b, int64_t b_step, int64_t depth, int64_t columns,       \
        const REAL *bias, int relu, REAL *c);                                               \
    /* c[i · c_step + j] ← a[i · a_step] · b[j] */                                          \
    void (*outer)(                                                                          \
        const REAL *a, int64_t a_step, int64_t rows, const REAL *b, int64_t columns,        \
        REAL *c, int64_t c_step);                                                           \
    /* packed[panel][depth][columns] ← B; missing columns are zero. */                      \
    void (*pack)(                                                                           \
        const REAL *b, int64_t row_stride, int64_t column_stride, int64_t depth,            \
        int64_t columns, REAL *restrict packed);                                            \
    /* packed[where[p]][j] ← from[p + j · stride] for one panel, but not where negative. */ \
    void (*gather)(                                                                         \
        const REAL *from, int64_t stride, int64_t depth, int64_t width,                     \
        const int64_t *where, REAL *restrict packed);                                       \
    /* to[p + j · stride] ← Σ_s from[s · pitch + where[p] · row + j] for one panel. */      \
    void (*scatter)(                                                                        \
        const REAL *from, int64_t row, int64_t splits, int64_t pitch,                       \
        const int64_t *where, int64_t depth, int64_t width, REAL *restrict to,              \
        int64_t stride);                                                                    \
  } apus_panel_kernel_##SUFFIX;                                                             \
  __attribute__((visibility("hidden"))) const apus_panel_kernel_##SUFFIX *                  \
      apus_panel_kernel_for_##SUFFIX(void);

APUS_DECLARE_PANEL(float, f32)
APUS_DECLARE_PANEL(double, f64)

#endif
