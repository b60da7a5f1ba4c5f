#include "apus_convolution.h"

#include "apus_convolution_geometry.h"
#include "apus_direct.h"

#define REAL float
#define SUFFIX f32
#define LANES 8
#define DIRECT(correlation) apus_direct_applies(correlation)
#include "apus_convolution_pack.inc"
#include "apus_depthwise.inc"
#include "apus_convolution.inc"
#include "apus_convolution_weights.inc"
#undef REAL
#undef SUFFIX
#undef LANES
#undef DIRECT

#define REAL double
#define SUFFIX f64
#define LANES 4
// Doubles are for references: no tiles of their own.
#define DIRECT(correlation) ((void)(correlation), 0)
#include "apus_convolution_pack.inc"
#include "apus_depthwise.inc"
#include "apus_convolution.inc"
#include "apus_convolution_weights.inc"
