#include "apus_direct.h"

enum {
  // Bytes of a slab, about, so that it stays in the first-level cache; and the least lines and
  // columns that a unit is cut to for it.
  APUS_DIRECT_SLAB_BYTES = 16384,
  APUS_DIRECT_LINES = 8,
  APUS_DIRECT_COLUMNS = 60,
  // Most bytes of the weights that a tile runs through: they stay in the second-level cache. More
  // channels are for kernels that cut the reduction.
  APUS_DIRECT_WEIGHT_BYTES = 320 << 10,
  // Whole vectors are read past the last element of a slab.
  APUS_DIRECT_SLACK = APUS_DIRECT_LANES_MAX,
};

// The fewest vector operations for a run: `pack` elements at a time for so many fewer channels.
static void apus_direct_choose_pack(apus_direct_shape *s) {
  const int64_t lanes = s->set->lanes, channels = s->c.group_destination;
  int64_t least = INT64_MAX;
  for (int64_t pack = 1; pack <= 4; pack *= 2) {
    if (pack > 1 && channels * pack > lanes) break;
    const int64_t vectors = apus_ceil_div(channels * pack, lanes);
    const int64_t steps = apus_ceil_div(s->run_length, pack);
    if (steps * vectors >= least) continue;
    least = steps * vectors;
    s->pack = pack;
    s->vectors = vectors;
    s->steps = steps;
  }
  s->tail = s->run_length % s->pack;
}

apus_direct_shape apus_direct_measure(const apus_correlation *c, int vertical) {
  apus_direct_shape s = {.c = *c, .set = apus_direct_kernels(), .vertical = vertical};
  const apus_taps *taps = c->taps;
  int outside[3];
  for (int axis = 0; axis < 3; axis++)
    outside[axis] =
        apus_direct_source_position(c, axis, 0, 0) < 0 ||
        apus_direct_source_position(c, axis, c->grid[axis] - 1, taps[axis].count - 1) >=
            c->source_size[axis];
  s.kernel_rows = taps[0].count * taps[1].count;
  const int64_t between = taps[2].position_step;
  const int whole = taps[2].count == 1 || between == 1;
  s.slab = outside[2] || c->groups > 1 || (vertical && (outside[0] || outside[1]));
  s.runs = whole ? apus_min(1, taps[2].count) : taps[2].count;
  s.run_length = (whole ? taps[2].count : 1) * c->group_source;
  apus_direct_choose_pack(&s);
  // The last of the pixels would read past the source.
  if (s.tail) s.slab = 1;
  s.depth = s.kernel_rows * s.runs * s.steps;

  s.pixel = s.slab ? c->group_source : c->source_channels;
  const int64_t step = c->source_step[2];
  s.chunk = apus_max(APUS_DIRECT_COLUMNS, APUS_DIRECT_SLAB_BYTES / 16 / (step * s.pixel));
  s.chunks = apus_max(1, apus_ceil_div(c->grid[2], s.chunk));
  s.chunk = apus_max(1, apus_ceil_div(c->grid[2], s.chunks));
  s.slab_columns = (s.chunk - 1) * step + apus_max(0, taps[2].count - 1) * between + 1;
  const int64_t row_bytes = s.slab_columns * s.pixel * (int64_t)sizeof(float);
  // Rows of a dilated kernel are copied one by one.
  const int64_t apart = taps[1].count > 1 ? taps[1].position_step : 1;
  s.band = apus_max(1, apus_min(APUS_DIRECT_LINES, c->grid[1]));
  if (s.slab) {
    const int64_t most = (APUS_DIRECT_SLAB_BYTES / row_bytes - taps[1].count) / c->source_step[1];
    s.band = apart > 1 ? 1 : apus_max(1, apus_min(most + 1, c->grid[1]));
    s.tap_rows = 1;
    s.line_rows = c->source_step[1];
    s.slab_rows = (s.band - 1) * s.line_rows + taps[1].count;
    s.row = s.slab_columns * s.pixel;
    s.plane = s.slab_rows * s.row;
    s.slab_floats = taps[0].count * s.plane + APUS_DIRECT_SLACK;
  } else {
    s.tap_rows = taps[1].position_step;
    s.line_rows = c->source_step[1];
    s.row = c->source_size[2] * s.pixel;
    s.plane = taps[0].position_step * c->source_size[1] * s.row;
  }
  s.bands = apus_ceil_div(c->grid[1], s.band);
  s.units = c->grid[2] == 0 ? 0 : c->batch * c->grid[0] * s.bands * s.chunks;
  return s;
}

// One row of a slab: zeros, what the source has, zeros.
static void apus_direct_fill_row(
    const apus_direct_shape *s, const float *row, int64_t first, int64_t count, float *to) {
  const int64_t channels = s->pixel, pitch = s->c.source_channels;
  const int64_t low = apus_min(count, apus_max(0, -first));
  const int64_t high = apus_max(low, apus_min(count, s->c.source_size[2] - first));
  for (int64_t i = 0; i < low * channels; i++) to[i] = 0;
  const float *from = row + (first + low) * pitch;
  if (pitch == channels) {
    memcpy(to + low * channels, from, (size_t)((high - low) * channels) * sizeof(float));
  } else {
    for (int64_t i = low; i < high; i++, from += pitch)
      for (int64_t j = 0; j < channels; j++) to[i * channels + j] = from[j];
  }
  for (int64_t i = high * channels; i < count * channels; i++) to[i] = 0;
}

void apus_direct_fill(
    const apus_direct_shape *s, const apus_direct_unit *unit, int64_t group, const float *source,
    float *slab) {
  const apus_correlation *c = &s->c;
  const int64_t first = apus_direct_source_position(c, 2, unit->column, 0);
  const int64_t columns = s->slab_columns - (s->chunk - unit->columns) * c->source_step[2];
  const int64_t rows = s->slab_rows - (s->band - unit->rows) * s->line_rows;
  const int64_t apart = s->band > 1 ? 1 : c->taps[1].position_step;
  for (int64_t td = 0; td < c->taps[0].count; td++) {
    const int64_t d = apus_direct_source_position(c, 0, unit->depth, td);
    const int inside = d >= 0 && d < c->source_size[0];
    for (int64_t i = 0; i < rows; i++) {
      const int64_t h = apus_direct_source_position(c, 1, unit->row, 0) + i * apart;
      float *to = slab + td * s->plane + i * s->row;
      if (inside && h >= 0 && h < c->source_size[1])
        apus_direct_fill_row(
            s,
            source + ((unit->image * c->source_size[0] + d) * c->source_size[1] + h) *
                         c->source_size[2] * c->source_channels + group * c->group_source,
            first, columns, to);
      else if (s->vertical)
        memset(to, 0, (size_t)(columns * s->pixel) * sizeof(float));
    }
  }
}

const float *apus_direct_origin(
    const apus_direct_shape *s, const apus_direct_unit *unit, int64_t group, const float *source,
    const float *slab) {
  if (s->slab) return slab;
  const apus_correlation *c = &s->c;
  const int64_t d = apus_direct_source_position(c, 0, unit->depth, 0);
  const int64_t h = apus_direct_source_position(c, 1, unit->row, 0);
  const int64_t w = apus_direct_source_position(c, 2, unit->column, 0);
  return source +
         (((unit->image * c->source_size[0] + d) * c->source_size[1] + h) * c->source_size[2] + w) *
             c->source_channels + group * c->group_source;
}

int apus_direct_applies(const apus_correlation *c, int64_t few) {
  if (c->group_source == 0 || c->group_destination == 0) return 0;
  if (apus_min(c->group_source, c->group_destination) > few) return 0;
  const apus_direct_shape s = apus_direct_measure(c, 0);
  const int64_t block = apus_direct_block(&s, 0) * s.set->lanes * s.depth;
  return block * (int64_t)sizeof(float) <= APUS_DIRECT_WEIGHT_BYTES;
}
