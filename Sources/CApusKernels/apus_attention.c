// Attention by blocks of queries and keys with a running maximum and sum: Milakov and Gimelshein
// 2018, "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention".
#include "apus_attention.h"

#include <math.h>

#include "apus_random.h"
#include "apus_panel.h"

enum {
  // Queries and keys of one block of scores. Fixed, so that sums do not depend on the threads.
  APUS_ATTENTION_QUERIES = 64,
  APUS_ATTENTION_KEYS = 128,
  // Below this many queries keys are read in place: packing them would cost more.
  APUS_ATTENTION_DIRECT_QUERIES = 4,
  // Row tiles of a block, whichever side gives the rows: as many as the lowest tiles need.
  APUS_ATTENTION_ROW_TILES = 43,
};

// How many of the keys a query sees, counted from the first.
APUS_INLINE int64_t apus_attention_visible(const apus_attention_params *p, int64_t query) {
  if (!p->is_causal) return p->keys;
  return apus_max(0, apus_min(p->keys, query + p->causal_offset + 1));
}

// How threads share one call: parts of the queries, or of the keys, each of that many.
typedef struct apus_attention_split {
  int64_t query_parts, query_part, key_parts, key_part;
} apus_attention_split;

// Parts of `count` made of whole blocks, so that `units` of them keep the threads busy.
static int64_t apus_attention_part(int64_t count, int64_t block, int64_t units, int64_t threads) {
  if (threads == 1 || units >= 3 * threads) return apus_round_up(apus_max(count, 1), block);
  const int64_t wanted = apus_ceil_div(3 * threads, apus_max(units, 1));
  return apus_round_up(apus_max(1, apus_ceil_div(count, wanted)), block);
}

#define REAL float
#define INTEGER int32_t
#define SUFFIX f32
#define LOG logf
#define EXP expf
#define APUS_IS_DOUBLE 0
#include "apus_vector.inc"
#include "apus_attention_block.inc"
#include "apus_attention_forward.inc"
#include "apus_attention_backward.inc"
#undef REAL
#undef INTEGER
#undef SUFFIX
#undef LOG
#undef EXP
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
#define EXP exp
#define APUS_IS_DOUBLE 1
#include "apus_vector.inc"
#include "apus_attention_block.inc"
#include "apus_attention_forward.inc"
#include "apus_attention_backward.inc"
