#include "apus_optimizer.h"

#include "apus_threads.h"
#include "vectorized.h"

#pragma clang fp contract(fast)

enum { adam_grain = 4096, sgd_grain = 8192 };

typedef struct job {
  void *const *buffers;
  const void *params;
} job;

#define T float
#define NAME(name) name##_f32
#include "optimizer_update.def"
#undef T
#undef NAME

#define T double
#define NAME(name) name##_f64
#include "optimizer_update.def"
