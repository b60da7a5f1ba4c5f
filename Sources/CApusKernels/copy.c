#include "apus_copy.h"

#include <string.h>

#include "apus_threads.h"
#include "vectorized.h"

enum { block = 32, grain_bytes = 1 << 18 };

typedef struct axis {
  int64_t size, source, destination;
} axis;

/// A copy in canonical form: the last axis is the innermost of the destination, the one before it
/// the innermost of the source.
typedef struct job {
  char *destination;
  const char *source;
  int32_t rank, element;
  axis axes[10];
  int64_t bands;  // blocks of rows of the last but one axis
  uint64_t pattern;
} job;

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

// Sorts axes by destination stride and merges those that continue each other.
static int32_t simplify(axis *axes, int32_t rank) {
  int32_t kept = 0;
  for (int32_t i = 0; i < rank; i++) {
    if (axes[i].size == 1) continue;
    axis moved = axes[i];
    int32_t k = kept++;
    for (; k > 0 && magnitude(axes[k - 1].destination) < magnitude(moved.destination); k--)
      axes[k] = axes[k - 1];
    axes[k] = moved;
  }
  int32_t merged = 0;
  for (int32_t i = 0; i < kept; i++) {
    axis *last = &axes[merged - 1], next = axes[i];
    if (merged > 0 && last->destination == next.size * next.destination
        && last->source == next.size * next.source)
      *last = (axis){last->size * next.size, next.source, next.destination};
    else
      axes[merged++] = next;
  }
  return merged;
}

#define MOVE(T)                                                                           \
  static void move_##T(T *out, const T *in, const axis *row, const axis *column,          \
                       int64_t rows) {                                                    \
    if (column->source == 1 && column->destination == 1) {                                \
      for (int64_t r = 0; r < rows; r++, out += row->destination, in += row->source)      \
        memcpy(out, in, (size_t)column->size * sizeof(T));                                \
      return;                                                                             \
    }                                                                                     \
    for (int64_t first = 0; first < column->size; first += block) {                       \
      int64_t end = column->size - first < block ? column->size : first + block;          \
      for (int64_t r = 0; r < rows; r++) {                                                \
        T *o = out + r * row->destination;                                                \
        const T *x = in + r * row->source;                                                \
        if (column->destination == 1 && column->source == 0)                              \
          for (int64_t c = first; c < end; c++) o[c] = *x;                                \
        else if (column->destination == 1)                                                \
          for (int64_t c = first; c < end; c++) o[c] = x[c * column->source];             \
        else                                                                              \
          for (int64_t c = first; c < end; c++) o[c * column->destination] = x[c * column->source]; \
      }                                                                                   \
    }                                                                                     \
  }                                                                                       \
  static void fill_##T(T *out, const axis *row, const axis *column, int64_t rows, T value) { \
    for (int64_t r = 0; r < rows; r++) {                                                  \
      T *o = out + r * row->destination;                                                  \
      if (column->destination == 1)                                                       \
        for (int64_t c = 0; c < column->size; c++) o[c] = value;                          \
      else                                                                                \
        for (int64_t c = 0; c < column->size; c++) o[c * column->destination] = value;    \
    }                                                                                     \
  }

MOVE(uint8_t)
MOVE(uint16_t)
MOVE(uint32_t)
MOVE(uint64_t)

typedef uint32_t quad __attribute__((vector_size(16), aligned(4)));

// Transposes 4-byte elements by 4 x 4 tiles, the edges one by one.
static void transpose_words(
  uint32_t *out, const uint32_t *in, int64_t out_stride, int64_t in_stride, int64_t rows,
  int64_t columns) {
  int64_t whole_rows = rows & ~(int64_t)3, whole_columns = columns & ~(int64_t)3;
  for (int64_t c = 0; c < whole_columns; c += 4)
    for (int64_t r = 0; r < whole_rows; r += 4) {
      const uint32_t *x = in + c * in_stride + r;
      uint32_t *o = out + r * out_stride + c;
      quad a = *(const quad *)x, b = *(const quad *)(x + in_stride);
      quad d = *(const quad *)(x + 2 * in_stride), e = *(const quad *)(x + 3 * in_stride);
      quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      quad de_low = __builtin_shufflevector(d, e, 0, 4, 1, 5);
      quad de_high = __builtin_shufflevector(d, e, 2, 6, 3, 7);
      *(quad *)o = __builtin_shufflevector(ab_low, de_low, 0, 1, 4, 5);
      *(quad *)(o + out_stride) = __builtin_shufflevector(ab_low, de_low, 2, 3, 6, 7);
      *(quad *)(o + 2 * out_stride) = __builtin_shufflevector(ab_high, de_high, 0, 1, 4, 5);
      *(quad *)(o + 3 * out_stride) = __builtin_shufflevector(ab_high, de_high, 2, 3, 6, 7);
    }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; c++)
      out[r * out_stride + c] = in[c * in_stride + r];
}

static void move(
  char *out, const char *in, int32_t element, const axis *row, const axis *column, int64_t rows) {
  if (element == 4 && row->source == 1 && column->destination == 1 && column->source != 0
      && rows >= 4) {
    for (int64_t c = 0; c < column->size; c += block) {
      int64_t columns = column->size - c < block ? column->size - c : block;
      transpose_words((uint32_t *)out + c, (const uint32_t *)in + c * column->source,
                      row->destination, column->source, rows, columns);
    }
    return;
  }
  switch (element) {
  case 1: move_uint8_t((uint8_t *)out, (const uint8_t *)in, row, column, rows); break;
  case 2: move_uint16_t((uint16_t *)out, (const uint16_t *)in, row, column, rows); break;
  case 4: move_uint32_t((uint32_t *)out, (const uint32_t *)in, row, column, rows); break;
  default: move_uint64_t((uint64_t *)out, (const uint64_t *)in, row, column, rows); break;
  }
}

static void fill(
  char *out, int32_t element, const axis *row, const axis *column, int64_t rows, uint64_t value) {
  switch (element) {
  case 1: fill_uint8_t((uint8_t *)out, row, column, rows, (uint8_t)value); break;
  case 2: fill_uint16_t((uint16_t *)out, row, column, rows, (uint16_t)value); break;
  case 4: fill_uint32_t((uint32_t *)out, row, column, rows, (uint32_t)value); break;
  default: fill_uint64_t((uint64_t *)out, row, column, rows, value); break;
  }
}

static void run_part(void *arg, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const job *job = arg;
  const axis *row = &job->axes[job->rank - 2], *column = row + 1;
  for (int64_t item = begin; item < end; item++) {
    int64_t index = item / job->bands, first = item % job->bands * block;
    int64_t rows = row->size - first < block ? row->size - first : block;
    int64_t out = first * row->destination, in = first * row->source;
    for (int32_t k = job->rank - 3; k >= 0; k--) {
      int64_t coordinate = index % job->axes[k].size;
      index /= job->axes[k].size;
      out += coordinate * job->axes[k].destination;
      in += coordinate * job->axes[k].source;
    }
    char *destination = job->destination + out * job->element;
    if (job->source)
      move(destination, job->source + in * job->element, job->element, row, column, rows);
    else
      fill(destination, job->element, row, column, rows, job->pattern);
  }
}

// Brings the axes into canonical form and shares the bands of rows among threads.
static void run(job *job, apus_context *context) {
  int64_t elements = 1;
  for (int32_t k = 0; k < job->rank; k++) elements *= job->axes[k].size;
  if (elements == 0) return;
  axis axes[10];
  int32_t rank = simplify(job->axes, job->rank);
  if (rank == 1 && job->axes[0].size > 4096) {
    // One long axis: cut into rows to share, the rest is a second, shorter job.
    axis whole = job->axes[0];
    int64_t length = 2048, rows = whole.size / length, rest = whole.size % length;
    struct job tail = *job;
    tail.rank = 1;
    tail.axes[0].size = rest;
    tail.destination += rows * length * whole.destination * job->element;
    if (tail.source) tail.source += rows * length * whole.source * job->element;
    if (rest) run(&tail, context);
    job->axes[0] = (axis){rows, length * whole.source, length * whole.destination};
    job->axes[1] = (axis){length, whole.source, whole.destination};
    rank = 2;
    elements -= rest;
  }
  int32_t missing = rank < 2 ? 2 - rank : 0;
  for (int32_t k = 0; k < missing; k++) axes[k] = (axis){1, 0, 0};
  memcpy(axes + missing, job->axes, sizeof(axis) * (size_t)rank);
  rank += missing;
  if (axes[rank - 1].source != 1)
    for (int32_t k = 0; k < rank - 2; k++)
      if (axes[k].source == 1) {
        axis inner = axes[k];
        memmove(axes + k, axes + k + 1, sizeof(axis) * (size_t)(rank - 2 - k));
        axes[rank - 2] = inner;
        break;
      }
  job->rank = rank;
  memcpy(job->axes, axes, sizeof axes[0] * (size_t)rank);
  job->bands = (axes[rank - 2].size + block - 1) / block;
  int64_t items = job->bands * (elements / (axes[rank - 2].size * axes[rank - 1].size));
  int64_t item_bytes = elements * job->element / items;
  apus_parallel_for(context, items, grain_bytes / (item_bytes > 0 ? item_bytes : 1) + 1, run_part, job);
}

void apus_copy(void *const *buffers, const void *params, apus_context *context) {
  const apus_copy_params *copy = params;
  job job = {.rank = copy->rank, .element = copy->element_size};
  job.source = (const char *)buffers[0] + copy->source_offset * copy->element_size;
  job.destination = (char *)buffers[1] + copy->destination_offset * copy->element_size;
  for (int32_t k = 0; k < copy->rank; k++)
    job.axes[k] = (axis){copy->sizes[k], copy->source_strides[k], copy->destination_strides[k]};
  run(&job, context);
}

void apus_fill(void *const *buffers, const void *params, apus_context *context) {
  const apus_fill_params *box = params;
  job job = {.rank = box->rank, .element = box->element_size, .pattern = box->pattern};
  job.destination = (char *)buffers[0] + box->offset * box->element_size;
  for (int32_t k = 0; k < box->rank; k++)
    job.axes[k] = (axis){box->sizes[k], 0, box->strides[k]};
  run(&job, context);
}
