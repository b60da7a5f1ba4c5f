#include <string.h>

#include "region_frame.h"

static void fold_rows(frame *frame, int32_t index, int64_t begin, int64_t n) {
  const apus_region_program *program = frame->program;
  const reduction *reduction = &program->reduction[index];
  char *out = frame->buffers[reduction->buffer];
  const char *x = frame->operands[reduction->from];
  int64_t element = apus_compute_size(reduction->compute);
  uint64_t identity = reduction_identity(reduction), *total = &frame->rows[index];
  int64_t row = frame->row, column = frame->column;
  for (int64_t done = 0; done < n;) {
    int64_t run = program->extent - column < n - done ? program->extent - column : n - done;
    reduction->functions->fold(total, x + done * element, run);
    done += run;
    column += run;
    if (column == program->extent || begin + done == program->count) {
      reduction_write(reduction, out, row++, *total);
      *total = identity;
      column = 0;
    }
  }
}

static void fold_chunk(frame *frame, int32_t index, int64_t n) {
  const reduction *reduction = &frame->program->reduction[index];
  const walk *walk = &reduction->fold;
  cursor *cursor = &frame->reductions[index];
  const char *x = frame->operands[reduction->from];
  int64_t element = apus_compute_size(reduction->compute);
  uint64_t *totals = frame->accumulators + reduction->first;
  int spread = walk->strides[walk->rank - 1] != 0;
  for (int64_t done = 0, run; done < n; done += run) {
    run = cursor_run(cursor, walk);
    if (run > n - done) run = n - done;
    uint64_t *total = totals + cursor->position;
    if (spread)
      reduction->functions->spread(total, x + done * element, run);
    else
      reduction->functions->fold(total, x + done * element, run);
    cursor_advance(cursor, walk, run);
  }
}

static void fold_columns(frame *frame, int32_t index, int64_t n) {
  const reduction *reduction = &frame->program->reduction[index];
  const char *x = frame->operands[reduction->from];
  int64_t element = apus_compute_size(reduction->compute);
  char *partial = frame->memory + reduction->partial + frame->column * element;
  if (frame->row % partial_rows == 0)
    memcpy(partial, x, (size_t)(n * element));
  else
    reduction->functions->narrow(partial, x, n);
}

void frame_reduce(frame *frame, int64_t begin, int64_t n) {
  const apus_region_program *program = frame->program;
  switch (program->mode) {
  case reduce_rows:
    for (int32_t i = 0; i < program->reductions; i++) fold_rows(frame, i, begin, n);
    frame->row += (frame->column + n) / program->extent;
    frame->column = (frame->column + n) % program->extent;
    break;
  case reduce_columns:
  case reduce_stacks:
    for (int32_t i = 0; i < program->reductions; i++) fold_columns(frame, i, n);
    break;
  default:
    for (int32_t i = 0; i < program->reductions; i++) fold_chunk(frame, i, n);
    break;
  }
}
