#include "apus_convolution_geometry.h"

void apus_correlation_finish(apus_correlation *c, int64_t threads) {
  c->tap_count = c->taps[0].count * c->taps[1].count * c->taps[2].count;
  c->group_source = c->source_channels / c->groups;
  c->group_destination = c->destination_channels / c->groups;
  c->depth = c->tap_count * c->group_source;
  c->blocks = apus_max(1, apus_ceil_div(c->depth, APUS_TILE_DEPTH));

  c->padded = 0;
  for (int axis = 0; axis < 3 && c->tap_count > 0; axis++) {
    const apus_taps *t = &c->taps[axis];
    const int64_t last = (c->grid[axis] - 1) * c->source_step[axis] + t->position +
                         (t->count - 1) * t->position_step;
    if (t->position < 0 || last >= c->source_size[axis]) c->padded = 1;
  }

  c->columns = c->grid[2] <= APUS_UNIT_PIXELS_MAX ? apus_max(1, c->grid[2]) : APUS_UNIT_PIXELS;
  c->chunks = apus_ceil_div(c->grid[2], c->columns);
  c->lines = c->batch * c->grid[0] * c->grid[1] * c->chunks;
  c->unit_lines = apus_max(1, APUS_UNIT_PIXELS / c->columns);
  if (threads > 1)
    c->unit_lines = apus_max(1, apus_min(c->unit_lines, c->lines / (2 * threads)));
  c->units = apus_ceil_div(c->lines, c->unit_lines);

  if (c->padded) {
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

int64_t apus_correlation_segments(
    const apus_correlation *c, apus_segment *segments, int64_t *first) {
  int64_t count = 0, room = APUS_TILE_DEPTH, block = 0;
  first[0] = 0;
  for (int64_t d = 0; d < c->taps[0].count; d++)
    for (int64_t h = 0; h < c->taps[1].count; h++)
      for (int64_t w = 0; w < c->taps[2].count; w++) {
        int64_t offset = apus_correlation_tap(c, d, h, w), left = c->group_source;
        while (left > 0) {
          if (room == 0) {
            first[++block] = count;
            room = APUS_TILE_DEPTH;
          }
          const int64_t length = apus_min(left, room);
          apus_segment *last = segments + count - 1;
          if (count > first[block] && last->offset + last->length == offset)
            last->length += length;
          else
            segments[count++] = (apus_segment){offset, length};
          offset += length;
          left -= length;
          room -= length;
        }
      }
  first[block + 1] = count;
  return count;
}
