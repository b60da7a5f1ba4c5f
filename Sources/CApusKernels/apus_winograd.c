#include "apus_winograd.h"

#include "apus_panel.h"

// The points of the interpolation are 0, ±A, ±B and infinity: of small fractions these lose least.
// (Vincent, Stephano, Frumkin, Ginsburg, Demouth 2017.)
#define A 0.625f
#define B 1.5f
#define AA (A * A)
#define BB (B * B)

enum {
  TILE = 4,
  WINDOW = 6,
  POINTS = 36,
  // Rows of a product that make up for reading its weights.
  LEAST_TILES = 32,
  // Elements of a block between the steps: what a second-level cache holds.
  BLOCK_ELEMENTS = 262144,
};

// Where the results of one tile go.
typedef struct apus_winograd_result {
  float *y;
  const float *addend, *bias;
  int64_t row, column, rows, columns;
  int32_t relu;
} apus_winograd_result;

typedef struct apus_winograd_kernel {
  void (*input)(
      const float *d, int64_t row, int64_t column, int64_t channels, float *v, int64_t plane);
  void (*output)(
      const float *m, int64_t plane, int64_t channels, const apus_winograd_result *result);
  void (*weights)(
      const float window[9][APUS_PANEL_COLUMNS], int64_t width, float *u, int64_t plane);
} apus_winograd_kernel;

#if defined(__x86_64__)
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define LEVEL v4
#include "apus_winograd_lanes.inc"
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define LEVEL v3
#include "apus_winograd_lanes.inc"
#endif
#define TARGET
#define LEVEL base
#include "apus_winograd_lanes.inc"

static const apus_winograd_kernel *kernel_for_machine(void) {
#if defined(__x86_64__)
  const int level = apus_instruction_set();
  if (level == apus_avx512) return &apus_winograd_kernel_v4;
  if (level == apus_avx2) return &apus_winograd_kernel_v3;
#endif
  return &apus_winograd_kernel_base;
}

// How the work is cut: into blocks of tiles that one thread takes through all three steps, or where
// tiles are few, into one block that all threads take through each step together.
typedef struct layout {
  int64_t tile_rows, tile_columns, tiles, blocks, block_tiles;
  // Elements from one point's matrix to the next. Not a power of two, which would crowd the cache.
  int64_t v_plane, m_plane, patch;
  int shared;
} layout;

static layout plan(const apus_winograd_params *p, int32_t threads) {
  layout l;
  l.tile_rows = apus_ceil_div(p->output_size[0], TILE);
  l.tile_columns = apus_ceil_div(p->output_size[1], TILE);
  l.tiles = p->batch * l.tile_rows * l.tile_columns;
  const int64_t n = apus_thread_count(threads);
  const int64_t channels = p->input_channels + p->output_channels;
  const int64_t fitting = apus_max(LEAST_TILES, BLOCK_ELEMENTS / (POINTS * channels));
  const int64_t most = apus_min(APUS_PANEL_ROWS, fitting);
  l.shared = l.tiles < apus_min(n * LEAST_TILES, APUS_PANEL_ROWS);
  l.blocks = l.shared ? 1 : apus_round_up(apus_ceil_div(l.tiles, most), n);
  l.block_tiles = apus_ceil_div(l.tiles, l.blocks);
  l.v_plane = l.block_tiles * p->input_channels + APUS_WINOGRAD_LANES;
  l.m_plane = l.block_tiles * p->output_channels + APUS_WINOGRAD_LANES;
  l.patch = POINTS * p->input_channels;
  return l;
}

// Columns of a panel of weights, whole vectors on any machine.
static int64_t panel_width(void) {
  return apus_max(apus_panel_kernel_for_f32()->columns, APUS_WINOGRAD_LANES);
}

static int64_t panels_of(const apus_winograd_params *p) {
  return apus_ceil_div(p->output_channels, panel_width());
}

// Elements from the weights of one point to those of the next.
static int64_t u_plane(const apus_winograd_params *p) {
  return panels_of(p) * p->input_channels * panel_width() + APUS_WINOGRAD_LANES;
}

int64_t apus_winograd_weight_bytes(const apus_winograd_params *p) {
  return POINTS * u_plane(p) * (int64_t)sizeof(float);
}

int64_t apus_winograd_scratch_bytes(const apus_winograd_params *p, int32_t threads) {
  const layout l = plan(p, threads);
  const int64_t n = apus_thread_count(threads), sets = l.shared ? 1 : n;
  return (sets * POINTS * (l.v_plane + l.m_plane) + n * l.patch) * (int64_t)sizeof(float);
}

// Weights.

typedef struct weights_job {
  const apus_winograd_params *p;
  const float *w;
  float *u;
} weights_job;

static void weights_of_panels(void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const weights_job *job = argument;
  const int64_t inputs = job->p->input_channels, outputs = job->p->output_channels;
  const int64_t width = panel_width();
  // The gradient turns windows around, and what were inputs are results.
  const int turned = job->p->gradient;
  const int64_t output_step = turned ? 9 : inputs * 9, input_step = turned ? outputs * 9 : 9;
  const apus_winograd_kernel *kernel = kernel_for_machine();
  for (int64_t panel = begin; panel < end; panel++) {
    const int64_t first = panel * width, count = apus_min(width, outputs - first);
    float window[9][APUS_PANEL_COLUMNS] = {{0}};
    for (int64_t c = 0; c < inputs; c++) {
      const float *from = job->w + first * output_step + c * input_step;
      if (turned)
        for (int64_t j = 0; j < count; j++, from += 9)
          for (int i = 0; i < 9; i++) window[8 - i][j] = from[i];
      else
        for (int64_t j = 0; j < count; j++, from += output_step)
          for (int i = 0; i < 9; i++) window[i][j] = from[i];
      kernel->weights(window, width, job->u + (panel * inputs + c) * width, u_plane(job->p));
    }
  }
}

void apus_winograd_weights(void *const *buffers, const void *params, apus_context *context) {
  const apus_winograd_params *p = params;
  weights_job job = {p, buffers[0], buffers[1]};
  apus_spread(context, panels_of(p), 64 * 32 * p->input_channels, weights_of_panels, &job);
}

// Forward.

typedef struct forward_job {
  const apus_winograd_params *p;
  const apus_winograd_kernel *kernel;
  const apus_panel_kernel_f32 *panel;
  layout l;
  int32_t workers;
  const float *x, *u, *bias, *addend;
  float *y, *scratch;
} forward_job;

// Scratch: a patch for every worker, then V and M, for every worker unless all share one block.
static float *patch_of(const forward_job *job, int32_t worker) {
  return job->scratch + worker * job->l.patch;
}

static float *v_of(const forward_job *job, int32_t worker) {
  const int64_t set = POINTS * (job->l.v_plane + job->l.m_plane);
  return patch_of(job, job->workers) + (job->l.shared ? 0 : worker) * set;
}

static float *m_of(const forward_job *job, int32_t worker) {
  return v_of(job, worker) + POINTS * job->l.v_plane;
}

// Copies the window of a tile that reaches over the border, with zeros outside.
static void fill_patch(
    const forward_job *job, const float *image, int64_t top, int64_t left, float *patch) {
  const apus_winograd_params *p = job->p;
  const int64_t bytes = p->input_channels * (int64_t)sizeof(float);
  for (int64_t i = 0; i < WINDOW; i++)
    for (int64_t j = 0; j < WINDOW; j++, patch += p->input_channels) {
      const int64_t row = top + i, column = left + j;
      if (row < 0 || row >= p->input_size[0] || column < 0 || column >= p->input_size[1])
        memset(patch, 0, (size_t)bytes);
      else
        memcpy(
            patch, image + (row * p->input_size[1] + column) * p->input_channels, (size_t)bytes);
    }
}

// Tiles `begin..<end` of the block that starts at tile `first`.
static void transform_input(
    const forward_job *job, int64_t first, int64_t begin, int64_t end, float *v, float *patch) {
  const apus_winograd_params *p = job->p;
  const int64_t channels = p->input_channels, pitch = p->input_size[1] * channels;
  for (int64_t t = begin; t < end; t++) {
    const int64_t column = t % job->l.tile_columns, rest = t / job->l.tile_columns;
    const int64_t top = rest % job->l.tile_rows * TILE - p->pad_low[0];
    const int64_t left = column * TILE - p->pad_low[1];
    const float *image = job->x + rest / job->l.tile_rows * p->input_size[0] * pitch;
    float *to = v + (t - first) * channels;
    if (top >= 0 && left >= 0 && top + WINDOW <= p->input_size[0] &&
        left + WINDOW <= p->input_size[1]) {
      job->kernel->input(
          image + top * pitch + left * channels, pitch, channels, channels, to, job->l.v_plane);
    } else {
      fill_patch(job, image, top, left, patch);
      job->kernel->input(patch, WINDOW * channels, channels, channels, to, job->l.v_plane);
    }
  }
}

// How many pieces the products are made in: panels of all points.
static int64_t products_of(const forward_job *job) {
  return POINTS * apus_ceil_div(job->p->output_channels, job->panel->columns);
}

// Panels `begin..<end` of the products at all points: point by point, so that rows stay at hand.
static void multiply(
    const forward_job *job, int64_t tiles, int64_t begin, int64_t end, const float *v, float *m) {
  const apus_winograd_params *p = job->p;
  const int64_t inputs = p->input_channels, width = job->panel->columns;
  const int64_t panels = apus_ceil_div(p->output_channels, width), pitch = panel_width();
  const float *rows[APUS_PANEL_ROWS];
  float *out[APUS_PANEL_ROWS];
  const apus_run run = {0, 0, inputs};
  apus_panel_f32 call = {
      .rows = rows, .out = out, .runs = &run, .row_count = tiles, .run_count = 1, .row_step = 1,
      .panel_step = pitch};
  for (int64_t at = begin; at < end;) {
    const int64_t point = at / panels, last = apus_min(end, (point + 1) * panels);
    for (int64_t t = 0; t < tiles; t++) {
      rows[t] = v + point * job->l.v_plane + t * inputs;
      out[t] = m + point * job->l.m_plane + t * p->output_channels;
    }
    for (; at < last; at++) {
      call.column = (at - point * panels) * width;
      call.column_count = apus_min(width, p->output_channels - call.column);
      call.panel = job->u + point * u_plane(p) + call.column / pitch * inputs * pitch +
                   call.column % pitch;
      job->panel->run(&call);
    }
  }
}

static void transform_output(
    const forward_job *job, int64_t first, int64_t begin, int64_t end, const float *m) {
  const apus_winograd_params *p = job->p;
  const int64_t channels = p->output_channels;
  apus_winograd_result result = {
      .bias = job->bias, .row = p->output_size[1] * channels, .column = channels,
      .relu = p->relu};
  for (int64_t t = begin; t < end; t++) {
    const int64_t rest = t / job->l.tile_columns;
    const int64_t column = t % job->l.tile_columns * TILE, row = rest % job->l.tile_rows * TILE;
    const int64_t image = rest / job->l.tile_rows;
    const int64_t at =
        ((image * p->output_size[0] + row) * p->output_size[1] + column) * channels;
    result.y = job->y + at;
    result.addend = job->addend ? job->addend + at : NULL;
    result.rows = apus_min(TILE, p->output_size[0] - row);
    result.columns = apus_min(TILE, p->output_size[1] - column);
    job->kernel->output(m + (t - first) * channels, job->l.m_plane, channels, &result);
  }
}

static void run_blocks(void *argument, int64_t begin, int64_t end, int32_t worker) {
  const forward_job *job = argument;
  const layout *l = &job->l;
  float *v = v_of(job, worker), *m = m_of(job, worker);
  float *patch = patch_of(job, worker);
  for (int64_t block = begin; block < end; block++) {
    const int64_t first = block * l->block_tiles;
    const int64_t last = apus_min(l->tiles, first + l->block_tiles);
    if (first >= last) break;
    transform_input(job, first, first, last, v, patch);
    multiply(job, last - first, 0, products_of(job), v, m);
    transform_output(job, first, first, last, m);
  }
}

static void run_input(void *argument, int64_t begin, int64_t end, int32_t worker) {
  const forward_job *job = argument;
  transform_input(job, 0, begin, end, v_of(job, 0), patch_of(job, worker));
}

static void run_products(void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const forward_job *job = argument;
  multiply(job, job->l.tiles, begin, end, v_of(job, 0), m_of(job, 0));
}

static void run_output(void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const forward_job *job = argument;
  transform_output(job, 0, begin, end, m_of(job, 0));
}

void apus_winograd_forward(void *const *buffers, const void *params, apus_context *context) {
  const apus_winograd_params *p = params;
  forward_job job = {
      p, kernel_for_machine(), apus_panel_kernel_for_f32(), plan(p, context->threads),
      (int32_t)apus_thread_count(context->threads),
      buffers[0], buffers[1], buffers[2], buffers[3], buffers[4], buffers[5]};
  if (job.l.shared) {
    const int64_t work = p->input_channels * job.panel->columns * job.l.tiles;
    apus_spread(context, job.l.tiles, 200 * p->input_channels / 4, run_input, &job);
    apus_spread(context, products_of(&job), work, run_products, &job);
    apus_spread(context, job.l.tiles, 200 * p->output_channels / 4, run_output, &job);
  } else {
    apus_parallel_for(context, job.l.blocks, 1, run_blocks, &job);
  }
}
