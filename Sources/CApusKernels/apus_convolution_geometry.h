// Private geometry of the convolutions.
#ifndef APUS_CONVOLUTION_GEOMETRY_H
#define APUS_CONVOLUTION_GEOMETRY_H

#include "apus_convolution.h"
#include "apus_panel.h"

enum {
  // Destination pixels handled together, at most.
  APUS_UNIT_PIXELS = APUS_PANEL_ROWS,
  // Depth of a block of the packed weights: a panel of this depth stays in the first-level cache.
  APUS_CONVOLUTION_DEPTH = 256,
  // Zones along an axis, and in all, up to which padding is skipped.
  APUS_ZONES_AXIS = 8,
  APUS_ZONES = 64,
  // Partial weight gradients, limited by number and by memory.
  APUS_WEIGHT_SPLITS = 32,
  APUS_WEIGHT_SPLIT_BYTES = 2 << 20,
  // Input channels from which a kernel position of a weight gradient is handled on its own.
  APUS_WEIGHTS_CHANNELS = 16,
};

// Kernel positions along one axis that meet a destination pixel: tap t reads source coordinate
// `source_step * pixel + position + t * position_step` through kernel index
// `kernel + t * kernel_step`. Positions ascend.
typedef struct apus_taps {
  int64_t count, kernel, kernel_step, position, position_step;
} apus_taps;

// A range of grid coordinates along one axis that meet the source with the same taps `low..<high`.
typedef struct apus_zone {
  int64_t begin, end, low, high;
} apus_zone;

// A cross-correlation of a source with a list of taps, written to a regular grid of a destination.
// The forward pass is one; the input gradient is one for each remainder modulo the stride.
//
// Work is cut into lines: one row of the grid, or a part of it. A line reads its source in place:
// taps that fall on padding are left out, zone by zone. Where zones would be too small to be
// handled one by one it reads through a slab, a zero-padded copy holding one row per tap row.
typedef struct apus_correlation {
  int64_t batch, groups;
  int64_t source_size[3], source_channels, destination_size[3], destination_channels;
  int64_t grid[3], start[3], step[3], source_step[3];
  apus_taps taps[3];
  int64_t tap_count, group_source, group_destination, depth, blocks, block_depth;
  // Whether taps meet padding, and whether lines read a copy.
  int32_t padded, copied;
  // Zones of the grid; with copies each axis is one zone with all taps.
  apus_zone zones[3][APUS_ZONES_AXIS];
  int64_t zone_count[3];
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

// Gives the coordinates along `axis` whose tap `t` meets the source as `begin..<end`.
APUS_INLINE void apus_correlation_reach(
    const apus_correlation *c, int axis, int64_t t, int64_t *begin, int64_t *end) {
  const int64_t step = c->source_step[axis];
  const int64_t at = c->taps[axis].position + t * c->taps[axis].position_step;
  *begin = apus_min(c->grid[axis], at < 0 ? apus_ceil_div(-at, step) : 0);
  const int64_t left = c->source_size[axis] - at;
  *end = apus_max(*begin, apus_min(c->grid[axis], left <= 0 ? 0 : apus_ceil_div(left, step)));
}

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

// Sets whether lines read a copy, and what follows from it.
void apus_correlation_copy(apus_correlation *c, int copied) __attribute__((visibility("hidden")));

APUS_INLINE int64_t apus_zone_total(const apus_correlation *c) {
  return c->zone_count[0] * c->zone_count[1] * c->zone_count[2];
}

// The most runs that `apus_correlation_runs` gives one zone.
APUS_INLINE int64_t apus_zone_runs(const apus_correlation *c) {
  return c->tap_count + c->blocks + 1;
}

// The runs of the reduction axis (kernel position, channel) of every zone, cut into blocks and
// counted from the first tap of the zone; runs `first[zone * (blocks + 1) + block]..<…[+ 1]` are
// those of a block, with places in the block's panel in lines.
void apus_correlation_runs(const apus_correlation *c, apus_run *runs, int64_t *first)
    __attribute__((visibility("hidden")));

// where[channel · volume + kernel position] ← the place of the pair on the reduction axis, for the
// first `channels`; -1 where the position has no tap.
void apus_correlation_where(
    const apus_correlation *c, const apus_convolution_params *p, int64_t channels, int64_t *where)
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

// Offset of the source element that tap (td, th, tw) of grid column `column` of a line meets.
APUS_INLINE int64_t apus_correlation_source(
    const apus_correlation *c, const apus_line *line, int64_t column, const int64_t tap[3],
    int64_t group) {
  const apus_taps *t = c->taps;
  const int64_t d =
      line->depth * c->source_step[0] + t[0].position + tap[0] * t[0].position_step;
  const int64_t h = line->row * c->source_step[1] + t[1].position + tap[1] * t[1].position_step;
  const int64_t w = column * c->source_step[2] + t[2].position + tap[2] * t[2].position_step;
  return (((line->image * c->source_size[0] + d) * c->source_size[1] + h) * c->source_size[2] +
          w) * c->source_channels + group * c->group_source;
}

// Offset of the destination element of grid column `column` of a line.
APUS_INLINE int64_t apus_correlation_destination(
    const apus_correlation *c, const apus_line *line, int64_t column, int64_t group) {
  const int64_t d = c->start[0] + line->depth * c->step[0];
  const int64_t h = c->start[1] + line->row * c->step[1];
  const int64_t w = c->start[2] + column * c->step[2];
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
