#include <string.h>

#include "region_internal.h"
#include "vectorized.h"

void walk_merge(walk *walk) {
  int32_t rank = 0;
  for (int32_t k = 0; k < walk->rank; k++) {
    int64_t size = walk->sizes[k], stride = walk->strides[k];
    if (size == 1) continue;
    if (rank > 0 && walk->strides[rank - 1] == size * stride) {
      walk->sizes[rank - 1] *= size;
      walk->strides[rank - 1] = stride;
    } else {
      walk->sizes[rank] = size;
      walk->strides[rank++] = stride;
    }
  }
  if (rank == 0) {
    walk->sizes[0] = 1;
    walk->strides[0] = 0;
    rank = 1;
  }
  walk->rank = rank;
}

static void make_dimensions(walk *walk, int64_t outer, int64_t outer_stride, int64_t inner,
                            int64_t inner_stride) {
  walk->rank = 2;
  walk->sizes[0] = outer > 0 ? outer : 1;
  walk->sizes[1] = inner;
  walk->strides[0] = outer_stride;
  walk->strides[1] = inner_stride;
}

int walk_make(walk *walk, const apus_access *access, int64_t count) {
  if ((uint32_t)access->storage > apus_bool) return 0;
  *walk = (struct walk){
    .kind = walk_strided, .buffer = access->buffer, .storage = access->storage,
    .compute = apus_storage_compute(access->storage), .offset = access->offset,
    .element = apus_storage_size(access->storage)};
  switch (access->kind) {
  case apus_linear: make_dimensions(walk, 1, 0, count > 0 ? count : 1, 1); break;
  case apus_scalar: make_dimensions(walk, 1, 0, count > 0 ? count : 1, 0); break;
  case apus_periodic:
    if (access->period <= 0 && count > 0) return 0;
    if (count > 0)
      make_dimensions(walk, (count + access->period - 1) / access->period, 0, access->period, 1);
    else
      make_dimensions(walk, 1, 0, 1, 0);
    break;
  case apus_repeated:
    if (access->repeat <= 0 && count > 0) return 0;
    if (count > 0)
      make_dimensions(walk, (count + access->repeat - 1) / access->repeat, 1, access->repeat, 0);
    else
      make_dimensions(walk, 1, 0, 1, 0);
    break;
  case apus_strided: {
    if (access->rank < 0 || access->rank > 8) return 0;
    int64_t product = 1;
    for (int32_t k = 0; k < access->rank; k++) product *= access->sizes[k];
    if (product != count) return 0;
    walk->rank = access->rank;
    memcpy(walk->sizes, access->sizes, sizeof walk->sizes);
    memcpy(walk->strides, access->strides, sizeof walk->strides);
    break;
  }
  case apus_iota:
    if (count > 0 && (access->period <= 0 || access->repeat <= 0)) return 0;
    walk->kind = walk_iota;
    walk->period = count > 0 ? access->period : 1;
    walk->repeat = count > 0 ? access->repeat : 1;
    return 1;
  default: return 0;
  }
  walk_merge(walk);
  if (walk->rank == 1 && walk->strides[0] == 0) walk->kind = walk_scalar;
  if (walk->rank == 1 && walk->strides[0] == 1) walk->kind = walk_linear;
  if (walk->rank == 2 && walk->strides[0] == 0 && walk->strides[1] == 1
      && walk->sizes[1] < tile_size) {
    walk->kind = walk_pattern;
    walk->period = walk->sizes[1];
  }
  return 1;
}

void cursor_seek(cursor *cursor, const walk *walk, int64_t index) {
  cursor->position = 0;
  for (int32_t k = walk->rank - 1; k > 0; k--) {
    int64_t next = index / walk->sizes[k];
    cursor->coordinates[k] = index - next * walk->sizes[k];
    cursor->position += cursor->coordinates[k] * walk->strides[k];
    index = next;
  }
  cursor->coordinates[0] = index;
  cursor->position += index * walk->strides[0];
}

void cursor_advance(cursor *cursor, const walk *walk, int64_t n) {
  int32_t k = walk->rank - 1;
  cursor->coordinates[k] += n;
  cursor->position += n * walk->strides[k];
  while (k > 0 && cursor->coordinates[k] >= walk->sizes[k]) {
    cursor->position += walk->strides[k - 1] - walk->sizes[k] * walk->strides[k];
    cursor->coordinates[k] -= walk->sizes[k];
    cursor->coordinates[--k]++;
  }
}

#define FOR_EACH_RUN                                          \
  int64_t stride = walk->strides[walk->rank - 1];             \
  for (int64_t run; n > 0; n -= run) {                        \
    run = cursor_run(cursor, walk);                           \
    if (run > n) run = n;

#define END_RUN                        \
    cursor_advance(cursor, walk, run); \
  }

#define GATHER(T)                                                                            \
  static void gather_##T(T *out, const T *base, const walk *walk, cursor *cursor, int64_t n) { \
    FOR_EACH_RUN                                                                             \
      const T *in = base + cursor->position;                                                 \
      if (stride == 1) {                                                                     \
        if (run >= 64) memcpy(out, in, (size_t)run * sizeof(T));                             \
        else APUS_LOOP for (int64_t i = 0; i < run; i++) out[i] = in[i];                     \
      } else if (stride == 0) {                                                              \
        T value = *in;                                                                       \
        for (int64_t i = 0; i < run; i++) out[i] = value;                                    \
      } else {                                                                               \
        for (int64_t i = 0; i < run; i++) out[i] = in[i * stride];                           \
      }                                                                                      \
      out += run;                                                                            \
    END_RUN                                                                                  \
  }                                                                                          \
  static void scatter_##T(T *base, const T *in, const walk *walk, cursor *cursor, int64_t n) { \
    FOR_EACH_RUN                                                                             \
      T *out = base + cursor->position;                                                      \
      for (int64_t i = 0; i < run; i++) out[i * stride] = in[i];                             \
      in += run;                                                                             \
    END_RUN                                                                                  \
  }

GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)

void walk_gather(void *out, const char *base, const walk *walk, cursor *cursor, int64_t n) {
  switch (walk->element) {
  case 1: gather_uint8_t(out, (const uint8_t *)base, walk, cursor, n); break;
  case 2: gather_uint16_t(out, (const uint16_t *)base, walk, cursor, n); break;
  case 4: gather_uint32_t(out, (const uint32_t *)base, walk, cursor, n); break;
  default: gather_uint64_t(out, (const uint64_t *)base, walk, cursor, n); break;
  }
}

void walk_scatter(char *base, const void *in, const walk *walk, cursor *cursor, int64_t n) {
  switch (walk->element) {
  case 1: scatter_uint8_t((uint8_t *)base, in, walk, cursor, n); break;
  case 2: scatter_uint16_t((uint16_t *)base, in, walk, cursor, n); break;
  case 4: scatter_uint32_t((uint32_t *)base, in, walk, cursor, n); break;
  default: scatter_uint64_t((uint64_t *)base, in, walk, cursor, n); break;
  }
}

#define COUNT(T)                                                       \
  static void count_##T(T *out, const walk *walk, int64_t begin, int64_t n) { \
    int64_t within = begin % walk->repeat;                             \
    int64_t value = begin / walk->repeat % walk->period;               \
    while (n > 0) {                                                    \
      int64_t run = walk->repeat == 1 ? walk->period - value : walk->repeat - within; \
      if (run > n) run = n;                                            \
      int32_t start = (int32_t)value;                                  \
      if (walk->repeat == 1)                                           \
        for (int32_t i = 0; i < (int32_t)run; i++) out[i] = (T)(start + i); \
      else                                                             \
        for (int64_t i = 0; i < run; i++) out[i] = (T)value;           \
      value += walk->repeat == 1 ? run : 1;                            \
      if (value >= walk->period) value = 0;                            \
      within = 0;                                                      \
      out += run;                                                      \
      n -= run;                                                        \
    }                                                                  \
  }

COUNT(float)
COUNT(double)
COUNT(int32_t)

static void count_int64_t(int64_t *out, const walk *walk, int64_t begin, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = (begin + i) / walk->repeat % walk->period;
}

void walk_count(void *out, const walk *walk, int64_t begin, int64_t n) {
  switch (walk->compute) {
  case apus_compute_f32: count_float(out, walk, begin, n); break;
  case apus_compute_f64: count_double(out, walk, begin, n); break;
  case apus_compute_i32: count_int32_t(out, walk, begin, n); break;
  default: count_int64_t(out, walk, begin, n); break;
  }
}
