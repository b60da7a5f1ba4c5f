#include "apus_pooling.h"

#include "apus_dense_support.h"

enum { APUS_POOL_LANES = 8 };

// The part of a window that lies inside the input.
typedef struct apus_window {
  // Kernel indices `first..<end`, and the input coordinate of `first`, per axis.
  int64_t first[3], end[3], position[3];
  // Positions inside the padded input.
  int64_t padded[3];
} apus_window;

APUS_INLINE void apus_window_axis(
    const apus_pool_params *p, int axis, int64_t output, apus_window *window) {
  const int64_t dilation = p->dilation[axis], size = p->input_size[axis];
  if (p->adaptive) {
    const int64_t bins = p->output_size[axis], start = output * size / bins;
    const int64_t count = apus_ceil_div((output + 1) * size, bins) - start;
    window->first[axis] = 0;
    window->end[axis] = window->padded[axis] = count;
    window->position[axis] = start;
    return;
  }
  const int64_t origin = output * p->stride[axis] - p->pad_low[axis];
  const int64_t limit = size + p->pad_high[axis];
  int64_t first = apus_max(0, -origin);
  int64_t end = apus_max(0, size - origin), padded = apus_max(0, limit - origin);
  // Divisions cost more than the rest of a small window.
  if (dilation != 1) {
    first = apus_ceil_div(first, dilation);
    end = apus_ceil_div(end, dilation);
    padded = apus_ceil_div(padded, dilation);
  }
  window->first[axis] = first;
  window->end[axis] = apus_min(end, p->window[axis]);
  window->position[axis] = origin + first * dilation;
  window->padded[axis] = apus_min(padded, p->window[axis]);
}

APUS_INLINE int64_t apus_window_count(const apus_window *w, int axis) {
  return apus_max(0, w->end[axis] - w->first[axis]);
}

// Output lines share depth and row.
APUS_INLINE int64_t apus_pool_lines(const apus_pool_params *p) {
  return p->batch * p->output_size[0] * p->output_size[1];
}

// Whether windows lie whole inside the input and do not overlap.
APUS_INLINE int apus_pool_is_apart(const apus_pool_params *p) {
  int apart = !p->adaptive;
  for (int axis = 0; axis < 3; axis++)
    apart = apart && p->window[axis] > 0 && (p->dilation[axis] == 1 || p->window[axis] == 1) &&
            p->stride[axis] >= p->window[axis] && p->pad_low[axis] == 0 &&
            (p->output_size[axis] - 1) * p->stride[axis] + p->window[axis] <=
                p->input_size[axis];
  return apart;
}

// Whether such windows cover the input.
APUS_INLINE int apus_pool_is_tiled(const apus_pool_params *p) {
  int tiled = 1;
  for (int axis = 0; axis < 3; axis++)
    tiled = tiled && p->output_size[axis] * p->window[axis] == p->input_size[axis] &&
            p->stride[axis] == p->window[axis];
  return tiled;
}

#define REAL float
#define INDEX int32_t
#define SUFFIX f32
#include "apus_max_pool.inc"
#include "apus_average_pool.inc"
#include "apus_stochastic_pool.inc"
#undef REAL
#undef INDEX
#undef SUFFIX

#define REAL double
#define INDEX int64_t
#define SUFFIX f64
#include "apus_max_pool.inc"
#include "apus_average_pool.inc"
#include "apus_stochastic_pool.inc"
