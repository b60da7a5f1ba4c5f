#include "apus_indexing.h"

#include "apus_dense_support.h"

// The position in 0..<size that an index names, or -1.
APUS_INLINE int64_t apus_index_resolve(const apus_index_params *p, int64_t index) {
  const int64_t size = p->axis_size;
  if (index < 0 && !p->from_start) index += size;
  return index < 0 || index >= size ? -1 : index;
}

APUS_INLINE int64_t apus_index_read(const void *indices, int32_t bytes, int64_t at) {
  return bytes == 4 ? ((const int32_t *)indices)[at] : ((const int64_t *)indices)[at];
}

typedef struct apus_gather_call {
  const apus_index_params *p;
  const char *data;
  const void *indices;
  char *out;
  apus_context *context;
} apus_gather_call;

// Constant sizes become single moves.
APUS_INLINE void apus_copy_small(char *to, const char *from, int64_t bytes) {
  switch (bytes) {
    case 1: *to = *from; break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    case 16: memcpy(to, from, 16); break;
    default: memcpy(to, from, (size_t)bytes); break;
  }
}

// Items are [outer, count].
static void apus_gather_body(void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const apus_gather_call *call = argument;
  const apus_index_params *p = call->p;
  const int64_t bytes = p->inner * p->element_bytes;
  int64_t outer = begin / p->count, j = begin % p->count;
  for (int64_t item = begin; item < end; item++) {
    const int64_t index = apus_index_read(call->indices, p->index_bytes, j);
    const int64_t position = apus_index_resolve(p, index);
    char *to = call->out + item * bytes;
    if (position >= 0) {
      apus_copy_small(to, call->data + (outer * p->axis_size + position) * bytes, bytes);
    } else {
      apus_report(call->context, 1, index, p->axis_size, j);
      memset(to, 0, (size_t)bytes);
    }
    if (++j == p->count) {
      j = 0;
      outer++;
    }
  }
}

void apus_gather(void *const *buffers, const void *params, apus_context *context) {
  const apus_index_params *p = params;
  apus_gather_call call = {p, buffers[0], buffers[1], buffers[2], context};
  if (p->inner == 0) return;
  const int64_t work = apus_max(1, p->inner * p->element_bytes / 16);
  apus_spread(context, p->outer * p->count, work, apus_gather_body, &call);
}

// Items are [outer, count] rows of `inner` elements, each with its own index.
static void apus_gather_elements_body(
    void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const apus_gather_call *call = argument;
  const apus_index_params *p = call->p;
  const int64_t bytes = p->element_bytes;
  for (int64_t item = begin; item < end; item++) {
    const char *data = call->data + item / p->count * p->axis_size * p->inner * bytes;
    for (int64_t i = 0; i < p->inner; i++) {
      const int64_t at = item * p->inner + i;
      const int64_t index = apus_index_read(call->indices, p->index_bytes, at);
      const int64_t position = apus_index_resolve(p, index);
      char *to = call->out + at * bytes;
      if (position >= 0) {
        apus_copy_small(to, data + (position * p->inner + i) * bytes, bytes);
      } else {
        apus_report(call->context, 1, index, p->axis_size, at);
        memset(to, 0, (size_t)bytes);
      }
    }
  }
}

void apus_gather_elements(void *const *buffers, const void *params, apus_context *context) {
  const apus_index_params *p = params;
  apus_gather_call call = {p, buffers[0], buffers[1], buffers[2], context};
  apus_spread(context, p->outer * p->count, p->inner, apus_gather_elements_body, &call);
}

// Columns of the inner axis handled together: items of one outer index never share a column.
enum { APUS_COLUMNS = 64 };

APUS_INLINE int64_t apus_column_parts(int64_t inner) { return apus_ceil_div(inner, APUS_COLUMNS); }

#define VALUE float
#define SUM float
#define RUNNING double
#define SUFFIX f32
#define IS_NAN(x) ((x) != (x))
#include "apus_argreduce.inc"
#include "apus_scatter.inc"
#undef VALUE
#undef SUM
#undef RUNNING
#undef SUFFIX

#define VALUE double
#define SUM double
#define RUNNING double
#define SUFFIX f64
#include "apus_argreduce.inc"
#include "apus_scatter.inc"
#undef VALUE
#undef SUM
#undef RUNNING
#undef SUFFIX
#undef IS_NAN

// Unsigned sums: overflow wraps.
#define VALUE int32_t
#define SUM uint32_t
#define RUNNING uint32_t
#define SUFFIX i32
#define IS_NAN(x) 0
#include "apus_argreduce.inc"
#include "apus_scatter.inc"
#undef VALUE
#undef SUM
#undef RUNNING
#undef SUFFIX

#define VALUE int64_t
#define SUM uint64_t
#define RUNNING uint64_t
#define SUFFIX i64
#include "apus_argreduce.inc"
#include "apus_scatter.inc"
#undef VALUE
#undef SUM
#undef RUNNING
#undef SUFFIX

#define VALUE uint8_t
#define SUFFIX u8
#include "apus_argreduce.inc"
