#include "apus_direct.h"

typedef struct apus_direct_call {
  apus_direct_shape shape;
  const float *source, *packed, *start;
  float *destination;
  char *workers;
  int64_t worker_bytes, slab_bytes;
  float floor;
} apus_direct_call;

typedef struct apus_direct_memory {
  int64_t packed, start, slab, runs, worker, total;
} apus_direct_memory;

static apus_direct_memory apus_direct_memory_of(const apus_direct_shape *s, int64_t threads) {
  const int64_t vectors = s->c.groups * s->vectors * s->set->lanes;
  apus_direct_memory m;
  m.packed = apus_section(vectors * s->depth * (int64_t)sizeof(float));
  m.start = apus_section(vectors * (int64_t)sizeof(float));
  m.slab = apus_section(s->slab_floats * (int64_t)sizeof(float));
  m.runs = apus_section(s->kernel_rows * s->runs * (int64_t)sizeof(apus_direct_run));
  m.worker = m.slab + m.runs;
  m.total = m.packed + m.start + threads * m.worker;
  return m;
}

// The runs of one line of a unit that meet the source; returns how many.
static int64_t apus_direct_line(
    const apus_direct_call *call, const apus_direct_unit *unit, int64_t line,
    const float *origin, const float *weights, int64_t vectors, apus_direct_run *runs) {
  const apus_direct_shape *s = &call->shape;
  const apus_correlation *c = &s->c;
  const int64_t between = c->taps[2].position_step * s->pixel;
  const int64_t run_weights = s->steps * vectors * s->set->lanes;
  int64_t count = 0;
  for (int64_t td = 0; td < c->taps[0].count; td++) {
    const int64_t d = apus_direct_source_position(c, 0, unit->depth, td);
    if (d < 0 || d >= c->source_size[0]) continue;
    for (int64_t th = 0; th < c->taps[1].count; th++) {
      const int64_t h = apus_direct_source_position(c, 1, unit->row + line, th);
      if (h < 0 || h >= c->source_size[1]) continue;
      const float *from =
          origin + td * s->plane + (line * s->line_rows + th * s->tap_rows) * s->row;
      const float *w = weights + (td * c->taps[1].count + th) * s->runs * run_weights;
      for (int64_t run = 0; run < s->runs; run++)
        runs[count++] = (apus_direct_run){from + run * between, w + run * run_weights, s->steps};
    }
  }
  return count;
}

// Runs a tile whose whole vectors would pass what it may write.
static void apus_direct_tile_copied(
    const apus_direct_set *set, apus_direct_tile *tile, int64_t width, int64_t count) {
  _Alignas(64) float result[APUS_DIRECT_RESULT];
  float *to = tile->result;
  const int64_t apart = tile->pitch;
  tile->result = result;
  tile->pitch = width;
  set->tile(tile);
  for (int32_t r = 0; r < tile->rows; r++, to += apart)
    for (int64_t i = 0; i < count; i++) to[i] = result[r * width + i];
}

static void apus_direct_unit_run(
    const apus_direct_call *call, int64_t index, int64_t group, float *slab,
    apus_direct_run *runs) {
  const apus_direct_shape *s = &call->shape;
  const apus_correlation *c = &s->c;
  const apus_direct_unit unit = apus_direct_unit_at(s, index);
  if (s->slab) apus_direct_fill(s, &unit, group, call->source, slab);
  const float *origin = apus_direct_origin(s, &unit, group, call->source, slab);
  const int64_t lanes = s->set->lanes, per_vector = lanes / s->pack;
  const int64_t apart = c->step[2] * c->destination_channels;
  const float *packed = call->packed + group * s->vectors * lanes * s->depth;
  apus_direct_tile tile = {
      .runs = runs,
      .step = c->source_step[2] * s->pixel,
      .pack = (int32_t)s->pack,
      .tail = (int32_t)s->tail,
      .floor = call->floor,
  };
  int64_t block;
  for (int64_t v = 0; v < s->vectors; v += block) {
    block = apus_direct_block(s, v);
    tile.vectors = (int32_t)block;
    tile.start = call->start + (group * s->vectors + v) * lanes;
    const int64_t column = v * per_vector, width = block * per_vector;
    const int64_t count = apus_min(width, c->group_destination - column);
    const int64_t tiles = apus_ceil_div(unit.columns, s->set->rows[block]);
    // Between adjacent pixels each vector overwrites what the one before spilled. The last may not
    // spill over what another unit writes.
    const int64_t spilled = apart == count ? apus_ceil_div(width - count, apart) : unit.columns;
    for (int64_t line = 0; line < unit.rows; line++) {
      tile.run_count = apus_direct_line(call, &unit, line, origin, packed, block, runs);
      const apus_line at = {unit.image, unit.depth, unit.row + line, unit.column, 0};
      float *to = call->destination + apus_correlation_destination(c, &at, at.column, group) + column;
      for (int64_t t = 0; t < tiles; t++) {
        const int64_t first = unit.columns * t / tiles, end = unit.columns * (t + 1) / tiles;
        tile.rows = (int32_t)(end - first);
        tile.offset = first * tile.step;
        tile.result = to + first * apart;
        tile.pitch = apart;
        if (count == width || end + spilled <= unit.columns)
          s->set->tile(&tile);
        else
          apus_direct_tile_copied(s->set, &tile, width, count);
      }
    }
    packed += block * lanes * s->depth;
  }
}

static void apus_direct_body(void *argument, int64_t begin, int64_t end, int32_t worker) {
  const apus_direct_call *call = argument;
  char *own = call->workers + worker * call->worker_bytes;
  for (int64_t index = begin; index < end; index++)
    for (int64_t group = 0; group < call->shape.c.groups; group++)
      apus_direct_unit_run(
          call, index, group, (float *)own, (apus_direct_run *)(own + call->slab_bytes));
}

int64_t apus_direct_scratch_bytes(const apus_correlation *c, int32_t threads) {
  const apus_direct_shape shape = apus_direct_measure(c, 0);
  return apus_direct_memory_of(&shape, apus_thread_count(threads)).total;
}

void apus_direct_correlate(
    const apus_correlation *c, const apus_convolution_params *p, int gradient,
    const float *source, const float *weights, const float *bias, float *destination,
    char *scratch, apus_context *context) {
  apus_direct_call call = {
      .shape = apus_direct_measure(c, 0),
      .source = source,
      .packed = (const float *)scratch,
      .destination = destination,
      .floor = !gradient && p->relu ? 0 : -__builtin_inff(),
  };
  const apus_direct_shape *s = &call.shape;
  if (s->units == 0) return;
  const apus_direct_memory m = apus_direct_memory_of(s, 1);
  apus_direct_pack(s, p, gradient, weights, (float *)scratch);
  float *start = (float *)(scratch + m.packed);
  call.start = start;
  memset(start, 0, (size_t)m.start);
  if (bias)
    for (int64_t group = 0; group < c->groups; group++, start += s->vectors * s->set->lanes)
      for (int64_t j = 0; j < c->group_destination; j++)
        start[j * s->pack] = bias[group * c->group_destination + j];
  call.workers = scratch + m.packed + m.start;
  call.worker_bytes = m.worker;
  call.slab_bytes = m.slab;
  const int64_t work =
      s->band * s->chunk * apus_max(1, c->depth) * c->destination_channels;
  apus_spread(context, s->units, work, apus_direct_body, &call);
}
