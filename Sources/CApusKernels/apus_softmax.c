#include "apus_softmax.h"

#include <math.h>

#include "apus_dense_support.h"
#include "streaming.h"

// An exponential costs about this many multiply-adds.
enum { APUS_EXP_WORK = 8 };

#define REAL float
#define INTEGER int32_t
#define SUFFIX f32
#define LOG logf
#define APUS_IS_DOUBLE 0
#include "apus_vector.inc"
#include "apus_softmax.inc"
#include "apus_cross_entropy.inc"
#undef REAL
#undef INTEGER
#undef SUFFIX
#undef LOG
#undef APUS_IS_DOUBLE
#undef NAME
#undef VECTOR
#undef INTEGERS
#undef HALF
#undef WIDE
#undef BROAD
#undef BROAD_INTEGERS
#undef BROADTH

#define REAL double
#define INTEGER int64_t
#define SUFFIX f64
#define LOG log
#define APUS_IS_DOUBLE 1
#include "apus_vector.inc"
#include "apus_softmax.inc"
#include "apus_cross_entropy.inc"
