/// How a prepared region looks inside; shared by the sources that prepare and run it.
#ifndef APUS_REGION_INTERNAL_H
#define APUS_REGION_INTERNAL_H

#include "apus_region.h"
#include "storage.h"

enum {
  tile_size = 256,
  long_tile = 16,  // tiles that are added up at once where nothing else is done to them
  tile_multiple = 16,
  partial_rows = 8,  // of columns: summed in their own type before they join the accumulators
};

/// An access reduced to its simplest form: dimensions merged, the kind as narrow as possible.
typedef enum walk_kind {
  walk_linear,
  walk_scalar,
  walk_pattern,  // a short period: repeated once into a longer pattern, then read in place
  walk_strided,
  walk_iota,
} walk_kind;

typedef struct walk {
  walk_kind kind;
  int32_t buffer, storage, compute;
  int64_t offset, element;  // element: bytes in memory
  int64_t period, repeat;
  int32_t rank;
  int64_t sizes[8], strides[8];
} walk;

/// Where a strided walk stands.
typedef struct cursor {
  int64_t position;
  int64_t coordinates[8];
} cursor;

/// A value an instruction names: an index into the frame's table of tile pointers.
typedef int32_t operand;

typedef struct load {
  walk from;
  operand to;
  int64_t tile;  // frame offset of its own tile, for values that are not read in place
} load;

typedef struct step {
  apus_tile_kernel run;
  operand d, a, b, c;
  double imm[4];
} step;

typedef struct store {
  walk to;
  operand from;
  int32_t direct;  // the instruction writes straight to memory; `from` is then this store's own
  int32_t streams; // larger than the caches: written past them, unless a load has just read it
  int64_t tile;
} store;

typedef struct reducer {
  /// Folds n elements into one accumulator, or each into its own.
  void (*fold)(void *accumulator, const void *x, int64_t n);
  void (*spread)(void *accumulators, const void *x, int64_t n);
  /// Folds n elements into n others of their own type.
  void (*narrow)(void *elements, const void *x, int64_t n);
  /// Folds n accumulators into n others.
  void (*merge)(void *accumulators, const void *others, int64_t n);
} reducer;

typedef struct reduction {
  int32_t operation, compute;
  operand from;
  int32_t buffer, storage;
  int64_t offset, output_count;
  double scale;
  const reducer *functions;
  walk fold;  // strided over the accumulators of one chunk
  int64_t accumulators, copies, first;  // copies: how often a short period is laid side by side
  int32_t kept_rank;  // axes of the output, row-major, and where they lie in its buffer
  int64_t kept_sizes[8], kept_strides[8];
  int64_t totals, partial;  // of columns: frame offsets of accumulators and of a few rows' sums
} reduction;

typedef enum reduction_mode {
  reduce_none,
  reduce_rows,     // each row on its own
  reduce_columns,  // rows fall on each other; threads share out wide columns
  reduce_stacks,   // the same with few columns: threads share out stacks of rows
  reduce_chunks,   // anything else
} reduction_mode;

struct apus_region_program {
  int64_t count, cost;  // cost: of one element
  int32_t loads, steps, stores, reductions, registers, operands, scratch_buffer;
  reduction_mode mode;
  int32_t reads_ahead;  // tiles; 0 where what is loaded fits the caches
  int32_t is_small;     // one tile of plain loads and stores: no frame has to be set up
  int64_t tile;         // elements that run at once
  int32_t blocks;       // of columns that go through the rows together
  int64_t extent;       // elements of a row
  int64_t accumulators;
  int64_t register_base, temporary, frame_bytes;
  load *load;
  step *step;
  store *store;
  reduction *reduction;
  int64_t *register_offset;
};

/// Simplifies an access over `count` elements; 0 if it is malformed.
int walk_make(walk *result, const apus_access *access, int64_t count);

/// Merges adjacent dimensions of a strided walk and drops those of size 1.
void walk_merge(walk *walk);

void cursor_seek(cursor *cursor, const walk *walk, int64_t index);
void cursor_advance(cursor *cursor, const walk *walk, int64_t n);

/// Elements until the innermost dimension wraps.
static inline int64_t cursor_run(const cursor *cursor, const walk *walk) {
  return walk->sizes[walk->rank - 1] - cursor->coordinates[walk->rank - 1];
}

/// Copies n elements between a packed tile and strided memory, moving the cursor on.
void walk_gather(void *out, const char *base, const walk *walk, cursor *cursor, int64_t n);
void walk_scatter(char *base, const void *in, const walk *walk, cursor *cursor, int64_t n);

/// Writes the numbers of an iota walk for indices `begin..<begin + n`.
void walk_count(void *out, const walk *walk, int64_t begin, int64_t n);

/// The functions of a reduction, the identity as accumulator bits, and writing a result out.
const reducer *reducer_for(int32_t operation, int32_t compute);
uint64_t reduction_identity(const reduction *reduction);
void reduction_write(const reduction *reduction, char *buffer, int64_t output, uint64_t value);

#endif
