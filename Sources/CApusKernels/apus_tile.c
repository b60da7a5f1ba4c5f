#include "apus_tile.h"

#define REAL float
#define SUFFIX f32
#define LANES 8
#include "apus_tile.inc"
#undef REAL
#undef SUFFIX
#undef LANES

#define REAL double
#define SUFFIX f64
#define LANES 4
#include "apus_tile.inc"
