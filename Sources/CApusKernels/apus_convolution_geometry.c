#include "apus_convolution_geometry.h"

// Cuts an axis into zones; 0 where there would be too many.
static int apus_correlation_cut(apus_correlation *c, int axis) {
  c->zone_count[axis] = 0;
  for (int64_t at = 0; at < c->grid[axis];) {
    if (c->zone_count[axis] == APUS_ZONES_AXIS) return 0;
    apus_zone zone = {at, c->grid[axis], 0, 0};
    for (int64_t t = 0; t < c->taps[axis].count; t++) {
      int64_t begin, end;
      apus_correlation_reach(c, axis, t, &begin, &end);
      if (begin <= at && at < end) {
        if (zone.high == 0) zone.low = t;
        zone.high = t + 1;
      }
      if (begin > at) zone.end = apus_min(zone.end, begin);
      if (end > at) zone.end = apus_min(zone.end, end);
    }
    c->zones[axis][c->zone_count[axis]++] = zone;
    at = zone.end;
  }
  return 1;
}

static void apus_correlation_uncut(apus_correlation *c) {
  for (int axis = 0; axis < 3; axis++) {
    c->zones[axis][0] = (apus_zone){0, c->grid[axis], 0, c->taps[axis].count};
    c->zone_count[axis] = 1;
  }
}

// Row steps of register tiles for all zones; a tile of few rows waits as long as one of four.
static double apus_correlation_cost(const apus_correlation *c) {
  double cost = 0;
  for (int64_t d = 0; d < c->zone_count[0]; d++)
    for (int64_t h = 0; h < c->zone_count[1]; h++)
      for (int64_t w = 0; w < c->zone_count[2]; w++) {
        const apus_zone zone[3] = {c->zones[0][d], c->zones[1][h], c->zones[2][w]};
        double taps = 1, lines = (double)c->batch;
        for (int axis = 0; axis < 3; axis++) taps *= (double)(zone[axis].high - zone[axis].low);
        for (int axis = 0; axis < 2; axis++) lines *= (double)(zone[axis].end - zone[axis].begin);
        const double rows = lines * (double)(zone[2].end - zone[2].begin);
        if (rows == 0) continue;
        const double calls = lines < (double)c->units ? lines : (double)c->units;
        const double tiles = calls * (double)apus_ceil_div((int64_t)(rows / calls), 8);
        cost += taps * (rows > tiles * 4 ? rows : tiles * 4);
      }
  return cost;
}

void apus_correlation_copy(apus_correlation *c, int copied) {
  c->copied = copied;
  if (copied) {
    apus_correlation_uncut(c);
    c->pixel_pitch = c->group_source;
    c->slab_columns = (c->columns - 1) * c->source_step[2] +
                      (c->taps[2].count - 1) * c->taps[2].position_step + 1;
    c->row_pitch = c->slab_columns * c->pixel_pitch;
    c->plane_pitch = c->taps[1].count * c->row_pitch;
    c->slab_line = c->taps[0].count * c->plane_pitch;
  } else {
    c->pixel_pitch = c->source_channels;
    c->row_pitch = c->taps[1].position_step * c->source_size[2] * c->source_channels;
    c->plane_pitch = c->taps[0].position_step * c->source_size[1] * c->source_size[2] *
                     c->source_channels;
    c->slab_columns = c->slab_line = 0;
  }
}

void apus_correlation_finish(apus_correlation *c, int64_t threads) {
  c->tap_count = c->taps[0].count * c->taps[1].count * c->taps[2].count;
  c->group_source = c->source_channels / c->groups;
  c->group_destination = c->destination_channels / c->groups;
  c->depth = c->tap_count * c->group_source;
  c->blocks = apus_max(1, apus_ceil_div(c->depth, APUS_CONVOLUTION_DEPTH));
  c->block_depth = apus_ceil_div(c->depth, c->blocks);

  c->padded = 0;
  for (int axis = 0; axis < 3 && c->tap_count > 0; axis++) {
    const apus_taps *t = &c->taps[axis];
    const int64_t last = (c->grid[axis] - 1) * c->source_step[axis] + t->position +
                         (t->count - 1) * t->position_step;
    if (t->position < 0 || last >= c->source_size[axis]) c->padded = 1;
  }

  c->chunks = apus_max(1, apus_ceil_div(c->grid[2], APUS_UNIT_PIXELS));
  c->columns = apus_max(1, apus_ceil_div(c->grid[2], c->chunks));
  c->lines = c->batch * c->grid[0] * c->grid[1] * c->chunks;
  c->unit_lines = apus_max(1, APUS_UNIT_PIXELS / c->columns);
  if (threads > 1)
    c->unit_lines = apus_max(1, apus_min(c->unit_lines, c->lines / (2 * threads)));
  c->units = apus_ceil_div(c->lines, c->unit_lines);

  int copied = 0;
  if (c->padded) {
    int cut = 1;
    for (int axis = 0; axis < 3; axis++) cut = cut && apus_correlation_cut(c, axis);
    copied = !cut || apus_zone_total(c) > APUS_ZONES ||
             apus_correlation_cost(c) >
                 (double)(c->lines * c->columns) * (double)c->tap_count;
  } else {
    apus_correlation_uncut(c);
  }
  apus_correlation_copy(c, copied);
}

apus_correlation apus_correlation_forward(const apus_convolution_params *p, int64_t threads) {
  apus_correlation c = {
      .batch = p->batch,
      .groups = p->groups,
      .source_channels = p->input_channels,
      .destination_channels = p->output_channels,
  };
  for (int axis = 0; axis < 3; axis++) {
    c.source_size[axis] = p->input_size[axis];
    c.destination_size[axis] = c.grid[axis] = p->output_size[axis];
    c.step[axis] = 1;
    c.source_step[axis] = p->stride[axis];
    c.taps[axis] =
        (apus_taps){p->kernel_size[axis], 0, 1, -p->pad_low[axis], p->dilation[axis]};
  }
  apus_correlation_finish(&c, threads);
  return c;
}

apus_correlation apus_correlation_input_gradient(
    const apus_convolution_params *p, const int64_t phase[3], int64_t threads) {
  apus_correlation c = {
      .batch = p->batch,
      .groups = p->groups,
      .source_channels = p->output_channels,
      .destination_channels = p->input_channels,
  };
  for (int axis = 0; axis < 3; axis++) {
    const int64_t stride = p->stride[axis], dilation = p->dilation[axis];
    c.source_size[axis] = p->output_size[axis];
    c.destination_size[axis] = p->input_size[axis];
    c.start[axis] = phase[axis];
    c.step[axis] = stride;
    c.source_step[axis] = 1;
    c.grid[axis] = apus_max(0, apus_ceil_div(p->input_size[axis] - phase[axis], stride));
    // Input pixel `phase` meets kernel index k when phase + pad - k * dilation divides by stride.
    apus_taps taps = {0, 0, 1, 0, 1};
    int64_t previous = 0;
    for (int64_t k = p->kernel_size[axis] - 1; k >= 0; k--) {
      const int64_t reach = phase[axis] + p->pad_low[axis] - k * dilation;
      if (reach % stride != 0) continue;
      if (taps.count == 0) {
        taps.kernel = k;
        taps.position = reach / stride;
      } else if (taps.count == 1) {
        taps.kernel_step = k - previous;
        taps.position_step = (previous - k) * dilation / stride;
      }
      previous = k;
      taps.count++;
    }
    c.taps[axis] = taps;
  }
  apus_correlation_finish(&c, threads);
  return c;
}

void apus_correlation_runs(const apus_correlation *c, apus_run *runs, int64_t *first) {
  int64_t count = 0;
  for (int64_t zone = 0; zone < apus_zone_total(c); zone++) {
    const apus_zone *const w = &c->zones[2][zone % c->zone_count[2]];
    const apus_zone *const h = &c->zones[1][zone / c->zone_count[2] % c->zone_count[1]];
    const apus_zone *const d = &c->zones[0][zone / c->zone_count[2] / c->zone_count[1]];
    const int64_t origin = apus_correlation_tap(c, d->low, h->low, w->low);
    int64_t block = 0;
    first[0] = count;
    for (int64_t td = d->low; td < d->high; td++)
      for (int64_t th = h->low; th < h->high; th++)
        for (int64_t tw = w->low; tw < w->high; tw++) {
          int64_t at = ((td * c->taps[1].count + th) * c->taps[2].count + tw) * c->group_source;
          int64_t offset = apus_correlation_tap(c, td, th, tw) - origin, left = c->group_source;
          while (left > 0) {
            while (at >= (block + 1) * c->block_depth) first[++block] = count;
            const int64_t place = at - block * c->block_depth;
            const int64_t length = apus_min(left, c->block_depth - place);
            apus_run *last = runs + count - 1;
            if (count > first[block] && last->offset + last->length == offset &&
                last->panel + last->length == place)
              last->length += length;
            else
              runs[count++] = (apus_run){offset, place, length};
            offset += length;
            at += length;
            left -= length;
          }
        }
    while (block < c->blocks) first[++block] = count;
    first += c->blocks + 1;
  }
}

void apus_correlation_where(
    const apus_correlation *c, const apus_convolution_params *p, int64_t channels,
    int64_t *where) {
  const apus_taps *t = c->taps;
  const int64_t volume = apus_kernel_volume(p);
  for (int64_t i = 0; i < volume; i++) where[i] = -1;
  int64_t place = 0;
  for (int64_t d = 0; d < t[0].count; d++)
    for (int64_t h = 0; h < t[1].count; h++)
      for (int64_t w = 0; w < t[2].count; w++, place += c->group_source) {
        const int64_t kd = t[0].kernel + d * t[0].kernel_step;
        const int64_t kh = t[1].kernel + h * t[1].kernel_step;
        const int64_t kw = t[2].kernel + w * t[2].kernel_step;
        where[(kd * p->kernel_size[1] + kh) * p->kernel_size[2] + kw] = place;
      }
  for (int64_t channel = 1; channel < channels; channel++)
    for (int64_t i = 0; i < volume; i++)
      where[channel * volume + i] = where[i] < 0 ? -1 : where[i] + channel;
}
