#include "apus_convolution.h"

#include "apus_convolution_geometry.h"
#include "apus_direct.h"

enum {
  // The direct kernels were the faster ones up to so many channels on the smaller side, in a
  // correlation and in a weight gradient.
  APUS_DIRECT_FEW = 16,
  APUS_DIRECT_FEW_WEIGHTS = 32,
};

#define REAL float
#define SUFFIX f32
#define LANES 8
#define DIRECT(correlation, few) apus_direct_applies(correlation, few)
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
#define DIRECT(correlation, few) ((void)(correlation), 0)
#include "apus_convolution_pack.inc"
#include "apus_depthwise.inc"
#include "apus_convolution.inc"
#include "apus_convolution_weights.inc"
