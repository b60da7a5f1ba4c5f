#include "apus_convolution.h"

#include "apus_convolution_geometry.h"

#define REAL float
#define SUFFIX f32
#define LANES 8
#include "apus_convolution_pack.inc"
#include "apus_depthwise.inc"
#include "apus_convolution.inc"
#include "apus_convolution_weights.inc"
#undef REAL
#undef SUFFIX
#undef LANES

#define REAL double
#define SUFFIX f64
#define LANES 4
#include "apus_convolution_pack.inc"
#include "apus_depthwise.inc"
#include "apus_convolution.inc"
#include "apus_convolution_weights.inc"
