#include <stdlib.h>
#include <string.h>

#include "apus_threads.h"
#include "region_frame.h"
#include "streaming.h"

enum {
  part_cost = 24000,    // additions that are worth a thread
  most_chunks = 16,     // of a deterministic reduction
  local_bytes = 4096,   // accumulators up to this size live on the stack
};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t chunk_stride(const apus_region_program *program) {
  return (program->accumulators + 7) & ~(int64_t)7;
}

static int64_t chunk_count(
  const apus_region_program *program, int32_t threads, int32_t deterministic) {
  int64_t chunks = program->count * program->cost / part_cost;
  chunks = smaller(chunks, deterministic ? most_chunks : threads);
  chunks = smaller(chunks, program->count / (4 * larger(program->accumulators, 1)));
  return larger(chunks, 1);
}

// Whether threads have accumulators of their own, which are added up at the end.
static int in_chunks(const apus_region_program *program) {
  return program->mode == reduce_chunks || program->mode == reduce_stacks;
}

int64_t apus_region_scratch_bytes(
  const apus_region_program *program, int32_t threads, int32_t deterministic) {
  if (!in_chunks(program) || program->count == 0) return 0;
  int64_t bytes = chunk_count(program, threads, deterministic) * chunk_stride(program) * 8;
  return bytes <= local_bytes ? 0 : bytes;
}

typedef struct job {
  const apus_region_program *program;
  void *const *buffers;
  uint64_t *accumulators;
  int64_t chunks;
} job;

// Elements of the pieces that threads share out. Rows come in blocks of a few tiles that start on
// tiles of their own, so that a row is added up in the same order whoever has it.
static int64_t piece_elements(const apus_region_program *program) {
  if (program->mode != reduce_rows) return tile_size;
  return program->extent * larger(1, 8 * tile_size / program->extent);
}

static void run_elements(frame *frame, int64_t begin, int64_t end) {
  int64_t unit = piece_elements(frame->program);
  int64_t step = frame->program->mode == reduce_rows ? 1 : end - begin;
  for (int64_t piece = begin; piece < end; piece += step)
    frame_run(frame, piece * unit, smaller((piece + step) * unit, frame->program->count));
}

// Folds columns `first..<first + width` of rows `begin..<end` into `totals`, which each reduction has.
static void fold_columns(
  frame *frame, uint64_t *const *totals, int64_t begin, int64_t end, int64_t first, int64_t width) {
  const apus_region_program *program = frame->program;
  const int64_t ahead = program->reads_ahead * tile_size;
  for (int32_t i = 0; i < program->reductions; i++) {
    uint64_t identity = reduction_identity(&program->reduction[i]);
    for (int64_t k = 0; k < width; k++) totals[i][k] = identity;
  }
  for (int64_t row = begin; row < end; row++) {
    const int64_t index = row * program->extent + first;
    frame->row = row - begin;
    frame_seek(frame, index);
    for (frame->column = 0; frame->column < width; frame->column += tile_size) {
      const int64_t later = frame->column + ahead, wrapped = later < width ? 0 : program->extent;
      if (ahead) frame_read_ahead(frame, index + later + wrapped - (wrapped ? width : 0));
      frame_tile(frame, index + frame->column, smaller(tile_size, width - frame->column));
    }
    if (frame->row % partial_rows != partial_rows - 1 && row != end - 1) continue;
    for (int32_t i = 0; i < program->reductions; i++) {
      const reduction *reduction = &program->reduction[i];
      reduction->functions->spread(totals[i], frame->memory + reduction->partial, width);
    }
  }
}

static void run_columns(frame *frame, int64_t begin, int64_t end) {
  const apus_region_program *program = frame->program;
  const int64_t rows = program->count / program->extent;
  uint64_t **totals = __builtin_alloca((size_t)program->reductions * sizeof *totals);
  for (int32_t i = 0; i < program->reductions; i++)
    totals[i] = (uint64_t *)(frame->memory + program->reduction[i].totals);
  for (int64_t block = begin; block < end; block += program->blocks) {
    int64_t first = block * tile_size;
    int64_t last = smaller(smaller(end, block + program->blocks) * tile_size, program->extent);
    fold_columns(frame, totals, 0, rows, first, last - first);
    for (int32_t i = 0; i < program->reductions; i++) {
      const reduction *reduction = &program->reduction[i];
      char *out = frame->buffers[reduction->buffer];
      for (int64_t k = first; k < last; k++)
        reduction_write(reduction, out, k, totals[i][k - first]);
    }
  }
}

static void run_stacks(frame *frame, const job *job, int64_t begin, int64_t end) {
  const apus_region_program *program = frame->program;
  const int64_t rows = program->count / program->extent;
  uint64_t **totals = __builtin_alloca((size_t)program->reductions * sizeof *totals);
  for (int64_t chunk = begin; chunk < end; chunk++) {
    for (int32_t i = 0; i < program->reductions; i++)
      totals[i] = job->accumulators + chunk * chunk_stride(program) + program->reduction[i].first;
    fold_columns(
      frame, totals, rows * chunk / job->chunks, rows * (chunk + 1) / job->chunks, 0,
      program->extent);
  }
}

static void run_chunks(frame *frame, const job *job, int64_t begin, int64_t end) {
  const apus_region_program *program = frame->program;
  int64_t tiles = (program->count + tile_size - 1) / tile_size;
  for (int64_t chunk = begin; chunk < end; chunk++) {
    frame->accumulators = job->accumulators + chunk * chunk_stride(program);
    for (int32_t i = 0; i < program->reductions; i++) {
      const reduction *reduction = &program->reduction[i];
      uint64_t identity = reduction_identity(reduction);
      for (int64_t k = 0; k < reduction->accumulators; k++)
        frame->accumulators[reduction->first + k] = identity;
    }
    frame_run(frame, tiles * chunk / job->chunks * tile_size,
              smaller(tiles * (chunk + 1) / job->chunks * tile_size, program->count));
  }
}

static void run_part(void *arg, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const job *job = arg;
  char *memory = __builtin_alloca((size_t)frame_bytes(job->program) + 64);
  memory += 64 - ((uintptr_t)memory & 63);
  frame frame;
  frame_begin(&frame, job->program, job->buffers, memory);
  switch (job->program->mode) {
  case reduce_columns: run_columns(&frame, begin, end); break;
  case reduce_stacks: run_stacks(&frame, job, begin, end); break;
  case reduce_chunks: run_chunks(&frame, job, begin, end); break;
  default: run_elements(&frame, begin, end); break;
  }
  if (frame.streams) apus_stream_end();
}

// Adds up the chunks in order, then the copies of a short period, and writes the results.
static void finish_chunks(const job *job) {
  const apus_region_program *program = job->program;
  for (int32_t i = 0; i < program->reductions; i++) {
    const reduction *reduction = &program->reduction[i];
    uint64_t *totals = job->accumulators + reduction->first;
    for (int64_t chunk = 1; chunk < job->chunks; chunk++)
      reduction->functions->merge(
        totals, totals + chunk * chunk_stride(program), reduction->accumulators);
    int64_t outputs = reduction->accumulators / reduction->copies;
    for (int64_t copy = 1; copy < reduction->copies; copy++)
      reduction->functions->merge(totals, totals + copy * outputs, outputs);
    for (int64_t k = 0; k < outputs; k++)
      reduction_write(reduction, job->buffers[reduction->buffer], k, totals[k]);
  }
}

static void write_identities(const apus_region_program *program, void *const *buffers) {
  for (int32_t i = 0; i < program->reductions; i++) {
    const reduction *reduction = &program->reduction[i];
    uint64_t identity = reduction_identity(reduction);
    for (int64_t k = 0; k < reduction->output_count; k++)
      reduction_write(reduction, buffers[reduction->buffer], k, identity);
  }
}

static void *outside(void *const *buffers, const walk *walk) {
  return (char *)buffers[walk->buffer] + walk->offset * walk->element;
}

// A tile from memory that is not as long as tiles must be.
static void *padded_tile(void *tile, const void *from, const walk *walk, int64_t n, int64_t padded) {
  if (walk->kind == walk_scalar && walk->element == 4) {
    for (int64_t i = 0; i < padded; i++) ((uint32_t *)tile)[i] = *(const uint32_t *)from;
  } else if (walk->kind == walk_scalar) {
    for (int64_t i = 0; i < padded; i++) ((uint64_t *)tile)[i] = *(const uint64_t *)from;
  } else {
    memcpy(tile, from, (size_t)(n * walk->element));
    memset((char *)tile + n * walk->element, 0, (size_t)((padded - n) * walk->element));
  }
  return tile;
}

// What `frame_tile` does for a single tile, without anything that only others need.
static void run_small(const apus_region_program *program, void *const *buffers) {
  const int64_t n = program->count;
  const int64_t padded = (n + tile_multiple - 1) & ~(int64_t)(tile_multiple - 1);
  char *memory = __builtin_alloca((size_t)program->frame_bytes + 64);
  memory += 64 - ((uintptr_t)memory & 63);
  void **operands = __builtin_alloca(((size_t)program->operands + 1) * sizeof(void *));
  operands[0] = memory;
  for (int32_t i = 0; i < program->registers; i++)
    operands[i] = memory + (program->register_offset[i] & ~(int64_t)1);
  for (int32_t i = 0; i < program->loads; i++) {
    const load *load = &program->load[i];
    void *in = outside(buffers, &load->from);
    operands[load->to] = load->from.kind == walk_linear && padded == n
      ? in : padded_tile(memory + load->tile, in, &load->from, n, padded);
  }
  for (int32_t i = 0; i < program->stores; i++) {
    const store *store = &program->store[i];
    if (store->direct)
      operands[store->from] = padded == n ? outside(buffers, &store->to) : memory + store->tile;
  }
  for (int32_t i = 0; i < program->steps; i++) {
    const step *step = &program->step[i];
    step->run(operands[step->d], operands[step->a], operands[step->b], operands[step->c],
              step->imm, padded);
  }
  for (int32_t i = 0; i < program->stores; i++) {
    const store *store = &program->store[i];
    void *out = outside(buffers, &store->to);
    if (out != operands[store->from])
      memmove(out, operands[store->from], (size_t)(n * store->to.element));
  }
}

void apus_region_run(void *const *buffers, const void *params, apus_context *context) {
  const apus_region_program *program = params;
  int64_t count = program->count;
  if (program->is_small && count > 0) {
    run_small(program, buffers);
    return;
  }
  if (count == 0) {
    write_identities(program, buffers);
    return;
  }
  _Alignas(64) uint64_t local[local_bytes / 8];
  job job = {program, buffers, 0, 1};
  int64_t items, item_elements;
  switch (program->mode) {
  case reduce_columns:
    items = (program->extent + tile_size - 1) / tile_size;
    item_elements = count / items;
    break;
  case reduce_stacks:
  case reduce_chunks:
    job.chunks = chunk_count(program, context->threads, context->deterministic);
    job.accumulators = job.chunks * chunk_stride(program) * 8 <= local_bytes
      ? local : buffers[program->scratch_buffer];
    items = job.chunks;
    item_elements = count / items;
    break;
  default:
    item_elements = piece_elements(program);
    items = (count + item_elements - 1) / item_elements;
    break;
  }
  if (context->threads == 1 || count * program->cost < 2 * part_cost)
    run_part(&job, 0, items, 0);
  else
    apus_parallel_for(
      context, items, larger(1, part_cost / (item_elements * program->cost)), run_part, &job);
  if (in_chunks(program)) finish_chunks(&job);
}
