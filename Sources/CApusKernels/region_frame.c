#include "region_frame.h"

#include <string.h>

#include "streaming.h"

static int64_t align(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

int64_t frame_bytes(const apus_region_program *program) {
  int64_t cursors = program->loads + program->stores + program->reductions;
  return program->frame_bytes + align((program->operands + 1) * (int64_t)sizeof(void *))
    + align(cursors * (int64_t)sizeof(cursor)) + align(program->reductions * 8);
}

// Repeats the first `have` elements up to `want`.
static void repeat(char *tile, int64_t element, int64_t have, int64_t want) {
  for (int64_t done = have; done < want;) {
    int64_t n = done < want - done ? done - done % have : want - done;
    memcpy(tile + done * element, tile, (size_t)(n * element));
    done += n;
  }
}

static void expand(frame *frame, const load *load) {
  const walk *walk = &load->from;
  char *tile = frame->memory + load->tile;
  const char *in = (const char *)frame->buffers[walk->buffer] + walk->offset * walk->element;
  int64_t have = walk->kind == walk_scalar ? 1 : walk->period;
  int64_t span = frame->program->count < tile_size ? frame->program->count : tile_size;
  int64_t want = (span + have + tile_multiple - 1) & ~(int64_t)(tile_multiple - 1);
  if (walk->kind == walk_scalar && want > tile_size) want = tile_size;
  int64_t element = apus_compute_size(walk->compute);
  if (apus_unpack[walk->storage])
    apus_unpack[walk->storage](tile, in, have);
  else
    memcpy(tile, in, (size_t)(have * element));
  if (have == 1 && element == 4) {
    uint32_t value, *out = (uint32_t *)tile;
    memcpy(&value, tile, 4);
    for (int64_t i = 1; i < want; i++) out[i] = value;
  } else if (have == 1) {
    uint64_t value, *out = (uint64_t *)tile;
    memcpy(&value, tile, 8);
    for (int64_t i = 1; i < want; i++) out[i] = value;
  } else {
    repeat(tile, element, have, want);
  }
}

// Whether an operand lies where a store goes: its lines are in the cache already.
static int is_in_place(const frame *frame, const store *store) {
  const apus_region_program *program = frame->program;
  for (int32_t i = 0; i < program->loads; i++) {
    const walk *walk = &program->load[i].from;
    if (walk->kind != walk_iota
        && frame->buffers[walk->buffer] == frame->buffers[store->to.buffer]) return 1;
  }
  return 0;
}

void frame_begin(
  frame *frame, const apus_region_program *program, void *const *buffers, void *memory) {
  frame->program = program;
  frame->buffers = buffers;
  frame->memory = memory;
  char *next = frame->memory + program->frame_bytes;
  frame->operands = (void **)next;
  next += align((program->operands + 1) * (int64_t)sizeof(void *));
  frame->loads = (cursor *)next;
  frame->stores = frame->loads + program->loads;
  frame->reductions = frame->stores + program->stores;
  next += align((program->loads + program->stores + program->reductions) * (int64_t)sizeof(cursor));
  frame->rows = (uint64_t *)next;
  frame->accumulators = 0;
  frame->operands[0] = frame->memory;  // stands in for operands an instruction does not have
  for (int32_t i = 0; i < program->registers; i++)
    frame->operands[i] = frame->memory + (program->register_offset[i] & ~(int64_t)1);
  for (int32_t i = 0; i < program->loads; i++) {
    const load *load = &program->load[i];
    if (load->from.kind != walk_scalar && load->from.kind != walk_pattern) continue;
    expand(frame, load);
    frame->operands[load->to] = frame->memory + load->tile;
  }
  for (int32_t i = 0; i < program->reductions; i++)
    frame->rows[i] = reduction_identity(&program->reduction[i]);
  frame->streams = 0;
  for (int32_t i = 0; i < program->stores; i++)
    if (program->store[i].streams && !is_in_place(frame, &program->store[i]))
      frame->streams |= UINT64_C(1) << i;
}

void frame_seek(frame *frame, int64_t index) {
  const apus_region_program *program = frame->program;
  for (int32_t i = 0; i < program->loads; i++)
    if (program->load[i].from.kind == walk_strided)
      cursor_seek(&frame->loads[i], &program->load[i].from, index);
  for (int32_t i = 0; i < program->stores; i++)
    if (program->store[i].to.kind != walk_linear)
      cursor_seek(&frame->stores[i], &program->store[i].to, index);
  if (program->mode == reduce_chunks)
    for (int32_t i = 0; i < program->reductions; i++)
      cursor_seek(&frame->reductions[i], &program->reduction[i].fold, index);
  if (program->mode == reduce_rows) {
    frame->row = index / program->extent;
    frame->column = index % program->extent;
  }
}

static void run_load(frame *frame, int32_t index, int64_t begin, int64_t n, int64_t padded) {
  const load *load = &frame->program->load[index];
  const walk *walk = &load->from;
  if (walk->kind == walk_scalar) return;
  char *tile = frame->memory + load->tile;
  int64_t element = apus_compute_size(walk->compute);
  if (walk->kind == walk_pattern) {
    frame->operands[load->to] = tile + begin % walk->period * element;
    return;
  }
  apus_converter unpack = apus_unpack[walk->storage];
  const char *in = 0;
  if (walk->kind == walk_iota) {
    walk_count(tile, walk, begin, n);
    in = tile;
    unpack = 0;
  } else {
    const char *base = (const char *)frame->buffers[walk->buffer] + walk->offset * walk->element;
    cursor *cursor = &frame->loads[index];
    if (walk->kind == walk_linear) {
      in = base + begin * walk->element;
    } else if (walk->strides[walk->rank - 1] == 1 && cursor_run(cursor, walk) >= n) {
      in = base + cursor->position * walk->element;
      cursor_advance(cursor, walk, n);
    } else {
      char *out = unpack ? frame->memory + frame->program->temporary : tile;
      walk_gather(out, base, walk, cursor, n);
      in = out;
    }
  }
  if (unpack) {
    unpack(tile, in, n);
    in = tile;
  } else if (in != tile && padded != n) {
    memcpy(tile, in, (size_t)(n * element));
    in = tile;
  }
  if (padded != n) memset(tile + n * element, 0, (size_t)((padded - n) * element));
  frame->operands[load->to] = (void *)in;
}

static void run_store(frame *frame, int32_t index, int64_t begin, int64_t n, int64_t padded) {
  const store *store = &frame->program->store[index];
  const walk *walk = &store->to;
  int streams = index < 64 && (frame->streams >> index & 1);
  if (store->direct && padded == n && !streams) return;
  char *base = (char *)frame->buffers[walk->buffer] + walk->offset * walk->element;
  const void *from = frame->operands[store->from];
  apus_converter pack = apus_pack[walk->storage];
  if (walk->kind == walk_linear) {
    char *out = base + begin * walk->element;
    if (pack && streams) {
      void *packed = frame->memory + frame->program->temporary;
      pack(packed, from, n);
      apus_stream_copy(out, packed, n * walk->element);
    } else if (pack)
      pack(out, from, n);
    else if (streams)
      apus_stream_copy(out, from, n * walk->element);
    else if (out != from)
      memmove(out, from, (size_t)(n * walk->element));
    return;
  }
  if (pack) {
    void *packed = frame->memory + frame->program->temporary;
    pack(packed, from, n);
    from = packed;
  }
  walk_scatter(base, from, walk, &frame->stores[index], n);
}

void frame_tile(frame *frame, int64_t begin, int64_t n) {
  const apus_region_program *program = frame->program;
  int64_t padded = program->steps ? (n + tile_multiple - 1) & ~(int64_t)(tile_multiple - 1) : n;
  for (int32_t i = 0; i < program->loads; i++) run_load(frame, i, begin, n, padded);
  for (int32_t i = 0; i < program->stores; i++) {
    const store *store = &program->store[i];
    if (!store->direct) continue;
    char *out = (char *)frame->buffers[store->to.buffer]
      + (store->to.offset + begin) * store->to.element;
    int streams = i < 64 && (frame->streams >> i & 1);
    frame->operands[store->from] = padded == n && !streams ? out : frame->memory + store->tile;
  }
  void *const *operands = frame->operands;
  for (int32_t i = 0; i < program->steps; i++) {
    const step *step = &program->step[i];
    step->run(operands[step->d], operands[step->a], operands[step->b], operands[step->c],
              step->imm, padded);
  }
  // Stores come last: a value that is still to be read may lie in the memory they overwrite.
  if (program->reductions) frame_reduce(frame, begin, n);
  for (int32_t i = 0; i < program->stores; i++) run_store(frame, i, begin, n, padded);
}

void frame_read_ahead(const frame *frame, int64_t index) {
  const apus_region_program *program = frame->program;
  if (index + tile_size > program->count) return;
  for (int32_t i = 0; i < program->loads; i++) {
    const walk *walk = &program->load[i].from;
    if (walk->kind != walk_linear) continue;
    const char *base = frame->buffers[walk->buffer];
    apus_read_ahead(base + (walk->offset + index) * walk->element, tile_size * walk->element);
  }
}

void frame_run(frame *frame, int64_t begin, int64_t end) {
  enum { short_tail = 128 };
  const int64_t ahead = frame->program->reads_ahead * tile_size, tile = frame->program->tile;
  frame_seek(frame, begin);
  for (int64_t n; begin < end; begin += n) {
    n = end - begin < tile ? end - begin : tile;
    // A long tail runs in place but for its last few elements, a short one from copies.
    if (n >= short_tail) n &= ~(int64_t)(tile_multiple - 1);
    if (ahead) frame_read_ahead(frame, begin + ahead);
    frame_tile(frame, begin, n);
  }
}
