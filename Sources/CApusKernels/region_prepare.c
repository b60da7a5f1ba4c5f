#include <stdlib.h>
#include <string.h>

#include "region_internal.h"
#include "streaming.h"

// While preparing: who holds the value of each slot, and until when it is needed.
typedef struct builder {
  apus_region_program *program;
  const apus_region *region;
  int32_t *holder;     // of each slot: load index, or loads + instruction index; -1: none
  int32_t *last_use;   // of each holder: instruction index, or `forever`
  int32_t *compute;    // of each holder
  operand *place;      // of each holder
  int32_t *free_place; // registers to reuse
  int32_t free_count;
} builder;

static const int32_t forever = INT32_MAX;

static int32_t held(const builder *b, int32_t slot, int32_t compute) {
  if (slot < 0 || slot >= b->region->register_count) return -1;
  int32_t holder = b->holder[slot];
  return holder >= 0 && b->compute[holder] == compute ? holder : -1;
}

static int64_t align(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

static int64_t reserve(apus_region_program *program, int64_t bytes) {
  int64_t offset = program->frame_bytes;
  program->frame_bytes += align(bytes);
  return offset;
}

static int32_t operand_compute(const apus_operation *operation, int32_t index) {
  return index == 0 ? operation->first : operation->type;
}

// First pass: resolves slots to holders, notes their last uses; 0 if a slot or type is wrong.
static int resolve(builder *b, int32_t (*uses)[3]) {
  const apus_region *region = b->region;
  for (int32_t i = 0; i < region->register_count; i++) b->holder[i] = -1;
  for (int32_t i = 0; i < region->load_count; i++) {
    const apus_access *access = &region->loads[i];
    if (access->slot < 0 || access->slot >= region->register_count) return 0;
    b->holder[access->slot] = i;
    b->compute[i] = apus_storage_compute(access->storage);
  }
  for (int32_t i = 0; i < region->instruction_count; i++) {
    const apus_instruction *instruction = &region->instructions[i];
    const int32_t slots[3] = {instruction->a, instruction->b, instruction->c};
    if (!instruction->operation) return 0;
    for (int32_t k = 0; k < instruction->operation->operands; k++) {
      uses[i][k] = held(b, slots[k], operand_compute(instruction->operation, k));
      if (uses[i][k] < 0) return 0;
      b->last_use[uses[i][k]] = i;
    }
    if (instruction->dst < 0 || instruction->dst >= region->register_count) return 0;
    int32_t holder = region->load_count + i;
    b->holder[instruction->dst] = holder;
    b->compute[holder] = instruction->operation->result;
    b->last_use[holder] = i;
  }
  for (int32_t i = 0; i < region->store_count + region->reduction_count; i++) {
    const apus_access *access = i < region->store_count
      ? &region->stores[i] : &region->reductions[i - region->store_count].output;
    if ((uint32_t)access->storage > apus_bool) return 0;
    int32_t holder = held(b, access->slot, apus_storage_compute(access->storage));
    if (holder < 0) return 0;
    b->last_use[holder] = forever;
  }
  return 1;
}

static operand new_register(builder *b, int32_t compute) {
  for (int32_t i = 0; i < b->free_count; i++) {
    operand place = b->free_place[i];
    // Tiles of different widths never share memory: a kernel may write over its operand.
    if ((b->program->register_offset[place] & 1) != (compute & 1)) continue;
    b->free_place[i] = b->free_place[--b->free_count];
    return place;
  }
  operand place = b->program->registers++;
  int64_t offset = reserve(b->program, tile_size * apus_compute_size(compute));
  b->program->register_offset[place] = offset | (compute & 1);
  return place;
}

// Whether a store may let the instruction write straight to memory: nothing may read a load in
// place afterwards, for it may be the same memory.
static int may_write_directly(
  const builder *b, const store *store, int32_t holder, int32_t (*uses)[3]) {
  const apus_region *region = b->region;
  int32_t loads = region->load_count;
  if (store->to.kind != walk_linear || apus_pack[store->to.storage] || holder < loads) return 0;
  for (int32_t i = holder - loads + 1; i < region->instruction_count; i++)
    for (int32_t k = 0; k < region->instructions[i].operation->operands; k++)
      if (uses[i][k] < loads) return 0;
  for (int32_t i = 0; i < loads; i++)
    if (b->last_use[i] == forever) return 0;
  return 1;
}

static int place_values(builder *b, int32_t (*uses)[3]) {
  apus_region_program *program = b->program;
  const apus_region *region = b->region;
  int32_t loads = region->load_count;
  for (int32_t i = 0; i < region->instruction_count; i++) b->place[loads + i] = -1;
  // Operands: registers first (at most one per instruction), then loads, then stores.
  operand load_base = region->instruction_count, store_base = load_base + loads;
  program->operands = store_base + region->store_count;
  int32_t large = 0;
  for (int32_t i = 0; i < loads; i++) {
    load *load = &program->load[i];
    if (!walk_make(&load->from, &region->loads[i], region->count)) return 0;
    int64_t elements = load->from.kind == walk_pattern ? 2 * tile_size : tile_size;
    load->to = b->place[i] = load_base + i;
    load->tile = reserve(program, elements * apus_compute_size(load->from.compute));
    if (load->from.kind == walk_linear && apus_exceeds_caches(region->count * load->from.element))
      large++;
  }
  // Some 8 KiB in all: further ahead it would push out what is in use.
  if (large) program->reads_ahead = large < 4 ? 8 / large : 2;
  for (int32_t i = 0; i < region->store_count; i++) {
    store *store = &program->store[i];
    if (!walk_make(&store->to, &region->stores[i], region->count)) return 0;
    if (store->to.kind == walk_pattern) store->to.kind = walk_strided;
    if (store->to.kind == walk_scalar && region->count == 1) store->to.kind = walk_linear;
    if (store->to.kind == walk_iota) return 0;
    int32_t holder = b->holder[region->stores[i].slot];
    store->direct = may_write_directly(b, store, holder, uses) && b->place[holder] < 0;
    store->tile = reserve(program, tile_size * 8);
    store->streams = i < 64 && store->to.kind == walk_linear
      && apus_exceeds_caches(region->count * store->to.element);
    if (store->direct) b->place[holder] = store_base + i;
  }
  for (int32_t i = 0; i < region->instruction_count; i++) {
    const apus_instruction *instruction = &region->instructions[i];
    const apus_operation *operation = instruction->operation;
    step *step = &program->step[i];
    operand places[3] = {0, 0, 0};
    for (int32_t k = 0; k < operation->operands; k++) {
      int32_t holder = uses[i][k];
      places[k] = b->place[holder];
      int again = (k > 0 && uses[i][0] == holder) || (k > 1 && uses[i][1] == holder);
      if (!again && b->last_use[holder] == i && places[k] < load_base)
        b->free_place[b->free_count++] = places[k];
    }
    int32_t holder = loads + i;
    if (b->place[holder] < 0) b->place[holder] = new_register(b, operation->result);
    if (b->last_use[holder] == i) b->free_place[b->free_count++] = b->place[holder];
    *step = (struct step){operation->run, b->place[holder], places[0], places[1], places[2], {0}};
    memcpy(step->imm, instruction->imm, sizeof step->imm);
    program->cost += operation->cost;
  }
  for (int32_t i = 0; i < region->store_count; i++)
    program->store[i].from = b->place[b->holder[region->stores[i].slot]];
  // Loads that are stored elsewhere go first, before another store may overwrite them.
  for (int32_t i = 0, first = 0; i < region->store_count; i++) {
    store moved = program->store[i];
    if (moved.from < load_base || moved.from >= store_base) continue;
    memmove(program->store + first + 1, program->store + first, sizeof moved * (size_t)(i - first));
    program->store[first++] = moved;
  }
  program->cost += loads + region->store_count + region->reduction_count;
  return 1;
}

// Splits an output access into axes that are kept and axes that are folded.
static int place_reduction(const builder *b, int32_t index) {
  const apus_reduction *source = &b->region->reductions[index];
  reduction *reduction = &b->program->reduction[index];
  walk output;
  if (!walk_make(&output, &source->output, b->region->count)) return 0;
  if (output.kind == walk_iota) return 0;
  reduction->operation = source->operation;
  reduction->compute = output.compute;
  reduction->from = b->place[b->holder[source->output.slot]];
  reduction->buffer = output.buffer;
  reduction->storage = output.storage;
  reduction->offset = output.offset;
  reduction->output_count = source->output_count;
  reduction->scale = source->scale;
  reduction->functions = reducer_for(source->operation, output.compute);
  if (!reduction->functions) return 0;
  reduction->fold = output;
  reduction->copies = 1;
  if (b->region->count == 0) {
    // There are no coordinates, but the output may have elements: all get the identity.
    int strided = source->output.kind == apus_strided;
    reduction->kept_sizes[0] = source->output_count;
    reduction->kept_strides[0] = 1;
    reduction->kept_rank = 1;
    if (strided) {
      reduction->kept_rank = 0;
      for (int32_t k = 0; k < source->output.rank; k++)
        if (source->output.strides[k] != 0) {
          reduction->kept_sizes[reduction->kept_rank] = source->output.sizes[k];
          reduction->kept_strides[reduction->kept_rank++] = source->output.strides[k];
        }
    }
    return 1;
  }
  int64_t accumulators = 1;
  for (int32_t k = output.rank - 1; k >= 0; k--) {
    if (output.strides[k] == 0) continue;
    reduction->fold.strides[k] = accumulators;
    accumulators *= output.sizes[k];
  }
  for (int32_t k = 0; k < output.rank; k++)
    if (output.strides[k] != 0) {
      reduction->kept_sizes[reduction->kept_rank] = output.sizes[k];
      reduction->kept_strides[reduction->kept_rank++] = output.strides[k];
    }
  if (accumulators != source->output_count) return 0;
  // A short period folds in longer strides: several copies side by side, added up at the end.
  if (output.kind == walk_pattern && accumulators < 64) {
    reduction->copies = 128 / accumulators;
    int64_t period = accumulators * reduction->copies;
    reduction->fold.sizes[0] = (b->region->count + period - 1) / period;
    reduction->fold.sizes[1] = period;
    accumulators = period;
  }
  reduction->accumulators = accumulators;
  reduction->first = b->program->accumulators;
  b->program->accumulators += accumulators;
  return 1;
}

enum { most_blocks = 16 };  // of columns, whose sums then fit the second-level cache

// Accumulators of several blocks of columns, so that rows are read in long stretches.
static void place_columns(apus_region_program *program) {
  int64_t blocks = (program->extent + tile_size - 1) / tile_size;
  int64_t most = most_blocks / program->reductions;
  if (most < 1) most = 1;
  if (program->mode == reduce_stacks) most = blocks;
  program->blocks = (int32_t)(blocks < most ? blocks : most);
  for (int32_t i = 0; i < program->reductions; i++) {
    reduction *reduction = &program->reduction[i];
    int64_t width = program->blocks * tile_size;
    if (program->mode == reduce_columns) reduction->totals = reserve(program, width * 8);
    reduction->partial = reserve(program, width * apus_compute_size(reduction->compute));
  }
}

// Whether values are folded where they lie in memory.
static int only_folds(const apus_region_program *program) {
  if (program->steps || program->stores) return 0;
  for (int32_t i = 0; i < program->loads; i++) {
    const walk *from = &program->load[i].from;
    if (from->kind != walk_linear || apus_unpack[from->storage]) return 0;
  }
  return 1;
}

static void choose_mode(apus_region_program *program) {
  program->tile = tile_size;
  if (program->reductions == 0) return;
  int rows = 1, columns = 1;
  const walk *model = &program->reduction[0].fold;
  for (int32_t i = 0; i < program->reductions; i++) {
    const walk *fold = &program->reduction[i].fold;
    int same = fold->rank == 2 && model->rank == 2 && fold->sizes[1] == model->sizes[1];
    rows &= same && fold->strides[0] == 1 && fold->strides[1] == 0;
    columns &= same && fold->strides[0] == 0 && fold->strides[1] == 1 && fold->sizes[1] >= 512
      && fold->sizes[0] * fold->sizes[1] == program->count;
  }
  program->mode = rows ? reduce_rows : columns ? reduce_columns : reduce_chunks;
  program->extent = model->rank == 2 ? model->sizes[1] : 0;
  // Stacks read one stretch of memory each, but every one needs accumulators of all columns.
  if (columns && program->accumulators <= most_blocks * tile_size
      && program->count >= 64 * program->extent) program->mode = reduce_stacks;
  if (columns) place_columns(program);
  if (program->mode == reduce_chunks && only_folds(program)) {
    // A stream that the processor foresees by itself.
    program->tile = long_tile * tile_size;
    program->reads_ahead = 0;
  }
  // A row cut short by the end of the index belongs to nobody else, so any count will do.
}

static int is_plain(const walk *walk) {
  return (walk->kind == walk_linear || walk->kind == walk_scalar)
    && !apus_unpack[walk->storage] && !apus_pack[walk->storage];
}

static int is_small(const apus_region_program *program) {
  if (program->count > tile_size || program->reductions > 0) return 0;
  for (int32_t i = 0; i < program->loads; i++)
    if (!is_plain(&program->load[i].from)) return 0;
  for (int32_t i = 0; i < program->stores; i++)
    if (!is_plain(&program->store[i].to) || program->store[i].to.kind != walk_linear) return 0;
  return 1;
}

apus_region_program *apus_region_prepare(const apus_region *region) {
  int32_t holders = region->load_count + region->instruction_count;
  apus_region_program *program = calloc(1, sizeof *program);
  builder b = {.program = program, .region = region};
  size_t slots = (size_t)region->register_count + 1, values = (size_t)holders + 1;
  int32_t *memory = calloc(slots + 4 * values, sizeof *memory);
  int32_t(*uses)[3] = calloc((size_t)region->instruction_count + 1, sizeof *uses);
  int valid = program && memory && uses && region->count >= 0;
  if (valid) {
    b.holder = memory;
    b.last_use = b.holder + slots;
    b.compute = b.last_use + values;
    b.place = b.compute + values;
    b.free_place = b.place + values;
    program->count = region->count;
    program->loads = region->load_count;
    program->steps = region->instruction_count;
    program->stores = region->store_count;
    program->reductions = region->reduction_count;
    program->scratch_buffer = region->scratch_buffer;
    program->load = calloc((size_t)program->loads + 1, sizeof *program->load);
    program->step = calloc((size_t)program->steps + 1, sizeof *program->step);
    program->store = calloc((size_t)program->stores + 1, sizeof *program->store);
    program->reduction = calloc((size_t)program->reductions + 1, sizeof *program->reduction);
    program->register_offset = calloc((size_t)program->steps + 1, sizeof *program->register_offset);
    valid = program->load && program->step && program->store && program->reduction
      && program->register_offset;
  }
  valid = valid && resolve(&b, uses) && place_values(&b, uses);
  for (int32_t i = 0; valid && i < region->reduction_count; i++) valid = place_reduction(&b, i);
  if (valid) {
    program->temporary = reserve(program, tile_size * 8);
    choose_mode(program);
    program->is_small = is_small(program);
    valid = program->frame_bytes <= 512 * 1024;
  }
  free(memory);
  free(uses);
  if (valid) return program;
  apus_region_release(program);
  return 0;
}

void apus_region_release(apus_region_program *program) {
  if (!program) return;
  free(program->load);
  free(program->step);
  free(program->store);
  free(program->reduction);
  free(program->register_offset);
  free(program);
}
