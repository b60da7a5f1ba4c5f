#include "apus_direct.h"

#include "apus_threads.h"

#pragma clang fp contract(fast)

// Two floats as they lie in memory.
typedef double apus_direct_pair __attribute__((aligned(4), may_alias));

// Sizes follow the number of vector registers, 32 and 16. Own targets instead of clones: the shapes
// of the tiles differ.
#if defined(__x86_64__) && defined(__linux__)
#define SUFFIX avx512
#define LANES 16
#define TARGET __attribute__((target("arch=x86-64-v4")))
#define ROWS1 15
#define ROWS2 10
#define ROWS4 6
#include "apus_direct_tile.inc"
#undef SUFFIX
#undef LANES
#undef TARGET
#undef ROWS1
#undef ROWS2
#undef ROWS4

#define SUFFIX avx2
#define LANES 8
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define ROWS1 12
#define ROWS2 6
#define ROWS4 0
#include "apus_direct_tile.inc"
#undef SUFFIX
#undef LANES
#undef TARGET
#undef ROWS1
#undef ROWS2
#undef ROWS4
#endif

#define SUFFIX baseline
#define LANES 4
#define TARGET
#define ROWS1 12
#define ROWS2 6
#define ROWS4 0
#include "apus_direct_tile.inc"

const apus_direct_set *apus_direct_kernels(void) {
#if defined(__x86_64__) && defined(__linux__)
  const int set = apus_instruction_set();
  if (set == apus_avx512) return &apus_direct_set_avx512;
  if (set == apus_avx2) return &apus_direct_set_avx2;
#endif
  return &apus_direct_set_baseline;
}
