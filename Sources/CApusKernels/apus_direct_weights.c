#include "apus_direct.h"

// The units are cut into `splits`, by shape alone; each split adds up its own packed gradient.
typedef struct apus_direct_weights_call {
  apus_direct_shape shape;
  const float *source, *gradient, *gradient_end;
  float *partial;
  char *workers;
  int64_t splits, partial_floats, partial_bytes, slab_bytes, line_bytes;
} apus_direct_weights_call;

static apus_direct_weights_call apus_direct_weights_measure(const apus_correlation *c) {
  apus_direct_weights_call m = {.shape = apus_direct_measure(c, 1)};
  const apus_direct_shape *s = &m.shape;
  m.partial_floats = c->groups * s->vectors * s->set->lanes * s->depth;
  const int64_t one = apus_max(1, m.partial_floats * (int64_t)sizeof(float));
  m.splits = apus_max(1, apus_min(APUS_WEIGHT_SPLIT_BYTES / one, APUS_WEIGHT_SPLITS));
  m.splits = apus_max(1, apus_min(m.splits, s->units));
  m.partial_bytes = apus_section(m.splits * one);
  m.slab_bytes = apus_section(s->slab_floats * (int64_t)sizeof(float));
  m.line_bytes = apus_section(
      (s->chunk * c->destination_channels +
       APUS_DIRECT_VECTORS_MAX * APUS_DIRECT_LANES_MAX) * (int64_t)sizeof(float));
  return m;
}

// Adds lines that share everything but their place to all rows of one block of channels.
static void apus_direct_weights_add(
    const apus_direct_weights_call *call, apus_direct_sum *sum, float *partial) {
  const apus_direct_shape *s = &call->shape;
  const apus_taps *taps = s->c.taps;
  const int64_t most = s->set->rows[sum->vectors], lanes = s->set->lanes;
  const int64_t step_floats = sum->vectors * lanes;
  const int64_t pieces = apus_ceil_div(s->steps, most);
  // Short runs are taken from several rows of the kernel at a time.
  int64_t highs = s->steps > 5 ? 1 : apus_min(most / s->steps, s->steps > 3 ? 3 : 5);
  highs = apus_ceil_div(taps[1].count, apus_ceil_div(taps[1].count, highs));
  const float *origin = sum->source;
  sum->source_high = s->tap_rows * s->row;
  sum->sums_high = s->runs * s->steps * step_floats;
  int64_t high;
  for (int64_t td = 0; td < taps[0].count; td++)
    for (int64_t th = 0; th < taps[1].count; th += high) {
      high = apus_min(highs, taps[1].count - th);
      sum->highs = (int32_t)high;
      for (int64_t run = 0; run < s->runs; run++)
        for (int64_t piece = 0; piece < pieces; piece++) {
          const int64_t first = s->steps * piece / pieces;
          sum->steps = (int32_t)(s->steps * (piece + 1) / pieces - first);
          sum->source = origin + td * s->plane + th * sum->source_high +
                        run * taps[2].position_step * s->pixel + first * s->pack;
          sum->sums = partial +
                      (((td * taps[1].count + th) * s->runs + run) * s->steps + first) * step_floats;
          s->set->sum(sum);
        }
    }
}

static void apus_direct_weights_unit(
    const apus_direct_weights_call *call, int64_t index, int64_t group, float *slab,
    float *copy, float *partial) {
  const apus_direct_shape *s = &call->shape;
  const apus_correlation *c = &s->c;
  const apus_direct_unit unit = apus_direct_unit_at(s, index);
  if (s->slab) apus_direct_fill(s, &unit, group, call->source, slab);
  const float *origin = apus_direct_origin(s, &unit, group, call->source, slab);
  const apus_line at = {unit.image, unit.depth, unit.row, unit.column, 0};
  const float *gradient = call->gradient + apus_correlation_destination(c, &at, at.column, group);
  const int64_t line = c->destination_size[2] * c->destination_channels;
  apus_direct_sum sum = {
      .source_step = c->source_step[2] * s->pixel,
      .gradient_step = c->destination_channels,
      .source_line = s->line_rows * s->row,
      .gradient_line = line,
      .pixels = unit.columns,
      .pack = (int32_t)s->pack,
  };
  const int64_t lanes = s->set->lanes;
  int64_t block;
  for (int64_t v = 0; v < s->vectors; v += block) {
    block = apus_direct_block(s, v);
    sum.vectors = (int32_t)block;
    const float *from = gradient + v * lanes / s->pack;
    // Whole vectors are read: where they would pass the end of the gradient, from a copy.
    const int64_t reach = (unit.columns - 1) * c->destination_channels + block * lanes;
    int64_t direct = unit.rows;
    while (direct > 0 && from + (direct - 1) * line + reach > call->gradient_end) direct--;
    if (direct > 0) {
      sum.lines = direct;
      sum.source = origin;
      sum.gradient = from;
      apus_direct_weights_add(call, &sum, partial);
    }
    sum.lines = 1;
    for (int64_t i = direct; i < unit.rows; i++) {
      const float *last = from + i * line;
      const int64_t there = apus_min(reach, call->gradient_end - last);
      memcpy(copy, last, (size_t)there * sizeof(float));
      sum.source = origin + i * sum.source_line;
      sum.gradient = copy;
      apus_direct_weights_add(call, &sum, partial);
    }
    partial += block * lanes * s->depth;
  }
}

static void apus_direct_weights_body(void *argument, int64_t begin, int64_t end, int32_t worker) {
  const apus_direct_weights_call *call = argument;
  const apus_direct_shape *s = &call->shape;
  char *own = call->workers + worker * (call->slab_bytes + call->line_bytes);
  float *copy = (float *)(own + call->slab_bytes);
  for (int64_t split = begin; split < end; split++) {
    float *partial = call->partial + split * call->partial_floats;
    memset(partial, 0, (size_t)call->partial_floats * sizeof(float));
    memset(copy, 0, (size_t)call->line_bytes);
    const int64_t last = s->units * (split + 1) / call->splits;
    for (int64_t index = s->units * split / call->splits; index < last; index++)
      for (int64_t group = 0; group < s->c.groups; group++)
        apus_direct_weights_unit(
            call, index, group, (float *)own, copy,
            partial + group * (call->partial_floats / s->c.groups));
  }
}

APUS_DENSE_CLONES
static void apus_direct_weights_total(
    const apus_direct_weights_call *call, int64_t begin, int64_t end) {
  for (int64_t split = 1; split < call->splits; split++) {
    const float *restrict from = call->partial + split * call->partial_floats;
    float *restrict to = call->partial;
    for (int64_t i = begin; i < end; i++) to[i] += from[i];
  }
}

static void apus_direct_weights_total_body(
    void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  apus_direct_weights_total(argument, begin, end);
}

int64_t apus_direct_weights_scratch_bytes(const apus_correlation *c, int32_t threads) {
  const apus_direct_weights_call m = apus_direct_weights_measure(c);
  return m.partial_bytes + apus_thread_count(threads) * (m.slab_bytes + m.line_bytes);
}

void apus_direct_weights(
    const apus_correlation *c, const apus_convolution_params *p, const float *source,
    const float *gradient, float *result, char *scratch, apus_context *context) {
  apus_direct_weights_call call = apus_direct_weights_measure(c);
  const apus_direct_shape *s = &call.shape;
  call.source = source;
  call.gradient = gradient;
  call.gradient_end = gradient + c->batch * c->destination_size[0] * c->destination_size[1] *
                                     c->destination_size[2] * c->destination_channels;
  call.partial = (float *)scratch;
  call.workers = scratch + call.partial_bytes;
  const int64_t work = s->units * s->band * s->chunk * c->depth * c->destination_channels;
  apus_spread(
      context, call.splits, apus_max(1, work / call.splits), apus_direct_weights_body, &call);
  apus_spread(
      context, call.partial_floats, call.splits, apus_direct_weights_total_body, &call);
  apus_direct_unpack(s, p, call.partial, result);
}
