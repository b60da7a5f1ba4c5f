#include "apus_panel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define REAL float
#define SUFFIX f32
#define DOUBLES 1
#include "apus_panel_levels.inc"
#undef REAL
#undef SUFFIX
#undef DOUBLES

#define REAL double
#define SUFFIX f64
#define DOUBLES 2
#include "apus_panel_levels.inc"
