// Private: direct convolutions for few channels, in register tiles of one width per machine.
#ifndef APUS_DIRECT_H
#define APUS_DIRECT_H

#include "apus_convolution_geometry.h"

enum {
  // Most pixels, vectors of channels and rows of the gradient that a tile holds on any machine.
  APUS_DIRECT_ROWS_MAX = 15,
  APUS_DIRECT_VECTORS_MAX = 4,
  APUS_DIRECT_LANES_MAX = 16,
  // Elements of one tile's result, at most.
  APUS_DIRECT_RESULT = 24 * APUS_DIRECT_LANES_MAX,
};

// A run of the reduction axis that is contiguous for one pixel: `steps` groups of `pack` elements.
typedef struct apus_direct_run {
  const float *source, *weights;
  int64_t steps;
} apus_direct_run;

// result[pixel][channel] = max(floor, start[channel] + Σ over runs of source[pixel][k] · weights[k][channel]).
//
// A vector of weights holds, for LANES / pack channels each, `pack` neighbouring k side by side: a
// few channels fill it, and a pixel's k are broadcast `pack` at a time. Of the last `pack` of a run
// only `tail` count, unless that is 0; the others are read, though.
typedef struct apus_direct_tile {
  const apus_direct_run *runs;
  int64_t run_count;
  // From the run's source to the first pixel, and from pixel to pixel.
  int64_t offset, step;
  int32_t rows, vectors, pack, tail;
  // One value per lane, whose sum over `pack` lanes a channel starts with.
  const float *start;
  float floor;
  // Whole vectors are written, `pitch` elements from pixel to pixel, in their order.
  float *result;
  int64_t pitch;
} apus_direct_tile;

// sums[high][k][channel] += Σ over lines and pixels of source[high][pixel][k] · gradient[pixel][channel],
// lanes as above; `high` are rows of the kernel.
typedef struct apus_direct_sum {
  const float *source, *gradient;
  int64_t source_step, gradient_step;
  int64_t source_line, gradient_line;
  int64_t pixels, lines;
  // From one row of the kernel to the next, in the source and in the sums.
  int64_t source_high, sums_high;
  int32_t highs, steps, vectors, pack;
  float *sums;
} apus_direct_sum;

// The kernels of one instruction set and what they hold in registers.
typedef struct apus_direct_set {
  int32_t lanes;
  // Pixels of a tile by number of vectors (1, 2, 4; 0: no such tile), and rows of a sum.
  int32_t rows[APUS_DIRECT_VECTORS_MAX + 1];
  void (*tile)(const apus_direct_tile *tile);
  void (*sum)(const apus_direct_sum *sum);
} apus_direct_set;

// The widest set that this machine runs.
const apus_direct_set *apus_direct_kernels(void) __attribute__((visibility("hidden")));

// How a correlation is cut for the tiles. A unit is a band of lines of one image and depth, and a
// chunk of their columns; it reads the source in place or through a slab, a copy of its rows with
// zeros around and nothing between the channels of a group.
typedef struct apus_direct_shape {
  apus_correlation c;
  const apus_direct_set *set;
  int64_t pack, vectors, tail;
  // Elements of a run, `pack`s of them, runs per row of the kernel, rows of the kernel.
  int64_t run_length, steps, runs, kernel_rows;
  // Vectors of packed weights per group and vector of channels.
  int64_t depth;
  int32_t slab, vertical;
  // Elements between pixels, rows of the source or slab, and its planes.
  int64_t pixel, row, plane;
  // Between rows of the kernel, and between lines of the grid, in rows as above.
  int64_t tap_rows, line_rows;
  int64_t chunk, chunks, band, bands, units;
  int64_t slab_rows, slab_columns, slab_floats;
} apus_direct_shape;

// `vertical`: rows outside of the source are read as zeros, not left out.
apus_direct_shape apus_direct_measure(const apus_correlation *c, int vertical)
    __attribute__((visibility("hidden")));

// One unit: image, depth, and the grid's lines and columns.
typedef struct apus_direct_unit {
  int64_t image, depth, row, rows, column, columns;
} apus_direct_unit;

APUS_INLINE apus_direct_unit apus_direct_unit_at(const apus_direct_shape *s, int64_t index) {
  apus_direct_unit unit;
  unit.column = index % s->chunks * s->chunk;
  unit.columns = apus_min(s->chunk, s->c.grid[2] - unit.column);
  index /= s->chunks;
  unit.row = index % s->bands * s->band;
  unit.rows = apus_min(s->band, s->c.grid[1] - unit.row);
  index /= s->bands;
  unit.depth = index % s->c.grid[0];
  unit.image = index / s->c.grid[0];
  return unit;
}

// Coordinate in the source of tap `tap` of a grid position, along one axis.
APUS_INLINE int64_t apus_direct_source_position(
    const apus_correlation *c, int axis, int64_t position, int64_t tap) {
  return position * c->source_step[axis] + c->taps[axis].position +
         tap * c->taps[axis].position_step;
}

// Vectors of the block of channels that begins with vector `first`.
APUS_INLINE int64_t apus_direct_block(const apus_direct_shape *s, int64_t first) {
  const int64_t left = s->vectors - first;
  if (left >= 4 && s->set->rows[4] > 0) return 4;
  return left >= 2 ? 2 : 1;
}

// Fills the slab of a unit.
void apus_direct_fill(
    const apus_direct_shape *s, const apus_direct_unit *unit, int64_t group, const float *source,
    float *slab) __attribute__((visibility("hidden")));

// Where the first pixel of a unit reads tap row (d, h): in the slab or in place.
const float *apus_direct_origin(
    const apus_direct_shape *s, const apus_direct_unit *unit, int64_t group, const float *source,
    const float *slab) __attribute__((visibility("hidden")));

// Weights in the order that tiles read them, for each group and block of channels: [row of the
// kernel][run][step][vector][channel][pack].
void apus_direct_pack(
    const apus_direct_shape *s, const apus_convolution_params *p, int gradient,
    const float *weights, float *packed) __attribute__((visibility("hidden")));

// The same the other way: weights of the forward pass from their packed places.
void apus_direct_unpack(
    const apus_direct_shape *s, const apus_convolution_params *p, const float *packed,
    float *weights) __attribute__((visibility("hidden")));

// Whether these kernels are the better ones, next to `apus_panel`: with at most `few` channels on
// either side.
int apus_direct_applies(const apus_correlation *c, int64_t few)
    __attribute__((visibility("hidden")));

int64_t apus_direct_scratch_bytes(const apus_correlation *c, int32_t threads)
    __attribute__((visibility("hidden")));

// destination = source ∗ weights (+ bias), then relu; `gradient`: weights are those of the pass
// back.
void apus_direct_correlate(
    const apus_correlation *c, const apus_convolution_params *p, int gradient,
    const float *source, const float *weights, const float *bias, float *destination,
    char *scratch, apus_context *context) __attribute__((visibility("hidden")));

int64_t apus_direct_weights_scratch_bytes(const apus_correlation *c, int32_t threads)
    __attribute__((visibility("hidden")));

// The gradient of the weights of the forward correlation `c`.
void apus_direct_weights(
    const apus_correlation *c, const apus_convolution_params *p, const float *source,
    const float *gradient, float *result, char *scratch, apus_context *context)
    __attribute__((visibility("hidden")));

#endif
