// Private geometry of the convolutions.
#ifndef APUS_CONVOLUTION_GEOMETRY_H
#define APUS_CONVOLUTION_GEOMETRY_H

#include "apus_convolution.h"
#include "apus_tile.h"

enum {
  // Destination pixels handled together, about; and never more than the second.
  APUS_UNIT_PIXELS = 96,
  APUS_UNIT_PIXELS_MAX = 192,
  // Partial weight gradients, limited by number and by memory.
  APUS_WEIGHT_SPLITS = 32,
  APUS_WEIGHT_SPLIT_BYTES = 2 << 20,
  // Kernel positions of a depthwise convolution added together.
  APUS_DEPTHWISE_TAPS = 32,
};

// Kernel positions along one axis that meet a destination pixel: tap t reads source coordinate
// `source_step * pixel + position + t * position_step` through kernel index
// `kernel + t * kernel_step`. Positions ascend.
typedef struct apus_taps {
  int64_t count, kernel, kernel_step, position, position_step;
} apus_taps;

// A cross-correlation of a source with a list of taps, written to a regular grid of a destination.
// The forward pass is one; the input gradient is one for each remainder modulo the stride.
//
// Work is cut into lines: one row of the grid, or a part of it. A line reads its source through a
// slab, a zero-padded copy holding one row per tap row, or in place when nothing is padded.
typedef struct apus_correlation {
  int64_t batch, groups;
  int64_t source_size[3], source_channels, destination_size[3], destination_channels;
  int64_t grid[3], start[3], step[3], source_step[3];
  apus_taps taps[3];
  int64_t tap_count, group_source, group_destination, depth, blocks;
  int32_t padded;
  // Grid columns per line, lines per grid row, lines per unit, lines and units in all.
  int64_t columns, chunks, unit_lines, lines, units;
  // Elements between neighbours in the slab or the source.
  int64_t pixel_pitch, row_pitch, plane_pitch, slab_columns, slab_line;
} apus_correlation;

// Remainders of input coordinates modulo the stride: one correlation each in the input gradient.
APUS_INLINE int64_t apus_phases(const apus_convolution_params *p, int axis) {
  return apus_min(p->stride[axis], p->input_size[axis]);
}

// One line: image, grid depth, grid row, first grid column, number of columns.
typedef struct apus_line {
  int64_t image, depth, row, column, count;
} apus_line;

// Completes the fields that follow from the sizes, steps and taps.
void apus_correlation_finish(apus_correlation *c, int64_t threads)
    __attribute__((visibility("hidden")));

// The correlation of the forward pass.
apus_correlation apus_correlation_forward(const apus_convolution_params *p, int64_t threads)
    __attribute__((visibility("hidden")));

// The correlation that gives the pixels of the input gradient at `phase` modulo the stride.
apus_correlation apus_correlation_input_gradient(
    const apus_convolution_params *p, const int64_t phase[3], int64_t threads)
    __attribute__((visibility("hidden")));

// The runs of the reduction axis (kernel position, channel), cut at multiples of the tile depth;
// `first[b]..<first[b + 1]` are the segments of block b. Returns the number of segments.
int64_t apus_correlation_segments(
    const apus_correlation *c, apus_segment *segments, int64_t *first)
    __attribute__((visibility("hidden")));

APUS_INLINE apus_line apus_correlation_line(const apus_correlation *c, int64_t index) {
  apus_line line;
  line.column = index % c->chunks * c->columns;
  line.count = apus_min(c->columns, c->grid[2] - line.column);
  index /= c->chunks;
  line.row = index % c->grid[1];
  index /= c->grid[1];
  line.depth = index % c->grid[0];
  line.image = index / c->grid[0];
  return line;
}

// Offset of kernel position (d, h, w) from the first one.
APUS_INLINE int64_t apus_correlation_tap(
    const apus_correlation *c, int64_t d, int64_t h, int64_t w) {
  return d * c->plane_pitch + h * c->row_pitch + w * c->taps[2].position_step * c->pixel_pitch;
}

// Offset of the first source element of a line read in place.
APUS_INLINE int64_t apus_correlation_direct(
    const apus_correlation *c, const apus_line *line, int64_t group) {
  const int64_t d = line->depth * c->source_step[0] + c->taps[0].position;
  const int64_t h = line->row * c->source_step[1] + c->taps[1].position;
  const int64_t w = line->column * c->source_step[2] + c->taps[2].position;
  return (((line->image * c->source_size[0] + d) * c->source_size[1] + h) * c->source_size[2] +
          w) * c->source_channels + group * c->group_source;
}

// Offset of the first destination element of a line.
APUS_INLINE int64_t apus_correlation_destination(
    const apus_correlation *c, const apus_line *line, int64_t group) {
  const int64_t d = c->start[0] + line->depth * c->step[0];
  const int64_t h = c->start[1] + line->row * c->step[1];
  const int64_t w = c->start[2] + line->column * c->step[2];
  return (((line->image * c->destination_size[0] + d) * c->destination_size[1] + h) *
              c->destination_size[2] + w) * c->destination_channels +
         group * c->group_destination;
}

APUS_INLINE int64_t apus_kernel_volume(const apus_convolution_params *p) {
  return p->kernel_size[0] * p->kernel_size[1] * p->kernel_size[2];
}

APUS_INLINE int apus_is_depthwise(const apus_convolution_params *p) {
  return p->groups > 1 && p->groups == p->input_channels && p->groups == p->output_channels;
}

#endif
