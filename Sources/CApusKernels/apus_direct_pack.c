#include "apus_direct.h"

// The order of the weights in memory, as seen from a correlation.
typedef struct apus_direct_order {
  // Elements between neighbours along the reduced and the resulting channels, and between groups.
  int64_t channel, column, group;
} apus_direct_order;

static apus_direct_order apus_direct_order_of(
    const apus_convolution_params *p, int gradient) {
  const int64_t volume = apus_kernel_volume(p), row = p->input_channels / p->groups * volume;
  return (apus_direct_order){
      gradient ? row : volume, gradient ? volume : row, p->output_channels / p->groups * row};
}

// Walks the packed vectors of channels `first..<first + width` of a block. Packing reads `weights`
// and unpacking writes it.
static void apus_direct_walk(
    const apus_direct_shape *s, const apus_convolution_params *p, apus_direct_order order,
    int64_t first, int64_t width, int64_t lanes, float *weights, float *packed, int unpacking) {
  const apus_correlation *c = &s->c;
  const int64_t *kernel = p->kernel_size, between = s->runs > 1 ? 1 : c->group_source;
  for (int64_t td = 0; td < c->taps[0].count; td++)
    for (int64_t th = 0; th < c->taps[1].count; th++) {
      const int64_t kd = c->taps[0].kernel + td * c->taps[0].kernel_step;
      const int64_t kh = c->taps[1].kernel + th * c->taps[1].kernel_step;
      for (int64_t run = 0; run < s->runs; run++)
        for (int64_t k = 0; k < s->steps * s->pack; k++) {
          float *to = packed + k % s->pack +
                      (((td * c->taps[1].count + th) * s->runs + run) * s->steps + k / s->pack) *
                          lanes;
          const int64_t tw = s->runs > 1 ? run : k / between;
          const int64_t channel = s->runs > 1 ? k : k % between;
          const int64_t kw = c->taps[2].kernel + tw * c->taps[2].kernel_step;
          float *from = weights + channel * order.channel + first * order.column +
                        (kd * kernel[1] + kh) * kernel[2] + kw;
          const int64_t there = k < s->run_length ? width : 0;
          if (unpacking) {
            for (int64_t j = 0; j < there; j++) from[j * order.column] = to[j * s->pack];
          } else {
            for (int64_t j = 0; j < there; j++) to[j * s->pack] = from[j * order.column];
            for (int64_t j = there; j < lanes / s->pack; j++) to[j * s->pack] = 0;
          }
        }
    }
}

static void apus_direct_walk_all(
    const apus_direct_shape *s, const apus_convolution_params *p, int gradient, float *weights,
    float *packed, int unpacking) {
  const apus_direct_order order = apus_direct_order_of(p, gradient);
  const int64_t lanes = s->set->lanes;
  for (int64_t group = 0; group < s->c.groups; group++)
    for (int64_t v = 0; v < s->vectors; v += apus_direct_block(s, v)) {
      const int64_t block = apus_direct_block(s, v), first = v * lanes / s->pack;
      const int64_t width = apus_min(block * lanes / s->pack, s->c.group_destination - first);
      apus_direct_walk(
          s, p, order, first, width, block * lanes, weights + group * order.group, packed,
          unpacking);
      packed += s->depth * block * lanes;
    }
}

void apus_direct_pack(
    const apus_direct_shape *s, const apus_convolution_params *p, int gradient,
    const float *weights, float *packed) {
  apus_direct_walk_all(s, p, gradient, (float *)weights, packed, 0);
}

void apus_direct_unpack(
    const apus_direct_shape *s, const apus_convolution_params *p, const float *packed,
    float *weights) {
  apus_direct_walk_all(s, p, 0, weights, (float *)packed, 1);
}
