#include <math.h>

// Both shares by one exponential that cannot overflow.
static inline double gelu_tanh_slope(double x) {
  double a = fabs(x) < 20 ? fabs(x) : 20;
  double e = exp(-1.5957691216057308 * (a + 0.044715 * a * a * a)), share = 1 / (1 + e);
  double slope = share * e * (1 - share * a * (1.5957691216057308 + 0.21406444881780073 * a * a));
  return x != x ? x : x < 0 ? slope : 1 - slope;  // slope: at -|x|
}

#define T f64
#define TYPE apus_compute_f64
#define WIDTH 8
#define ROWS "tile_f64_rows.def"
#define TABLE apus_operations_f64
#include "tile_type.def"
