#include "float_math.h"

// Sine, cosine and tangent hand arguments too large for the fast reduction to the C library.
#define TRIGONOMETRIC(name, expression)                                                      \
  APUS_VECTORIZED static void name##_tile(                                                   \
    void *out, const void *first, const void *second, const void *third, const double *imm,  \
    int64_t n) {                                                                             \
    (void)second, (void)third, (void)imm;                                                    \
    float *d = out;                                                                          \
    const float *a = first;                                                                  \
    float saved[256];                                                                        \
    int large = 0;                                                                           \
    n &= ~(int64_t)15;                                                                       \
    for (int64_t i = 0; i < n; i++) large |= !(__builtin_fabsf(a[i]) <= TRIGONOMETRIC_LIMIT); \
    if (large)                                                                               \
      for (int64_t i = 0; i < n; i++) saved[i] = a[i];                                       \
    _Pragma("clang loop vectorize(assume_safety) vectorize_width(16) interleave_count(1)")   \
    for (int64_t i = 0; i < n; i++) {                                                        \
      sine_cosine v = sine_and_cosine(a[i]);                                                 \
      d[i] = (float)(expression);                                                            \
    }                                                                                        \
    if (large)                                                                               \
      for (int64_t i = 0; i < n; i++)                                                        \
        if (!(__builtin_fabsf(saved[i]) <= TRIGONOMETRIC_LIMIT)) d[i] = name##f(saved[i]);   \
  }

TRIGONOMETRIC(sin, v.sine)
TRIGONOMETRIC(cos, v.cosine)
TRIGONOMETRIC(tan, v.sine / v.cosine)

#define T f32
#define TYPE apus_compute_f32
#define WIDTH 16
#define ROWS "tile_f32_rows.def"
#define TABLE apus_operations_f32
#include "tile_type.def"
