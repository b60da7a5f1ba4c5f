/// The state of one thread running part of a region.
#ifndef APUS_REGION_FRAME_H
#define APUS_REGION_FRAME_H

#include "region_internal.h"

typedef struct frame {
  const apus_region_program *program;
  void *const *buffers;
  char *memory;             // tiles
  void **operands;          // where each operand's tile is now
  cursor *loads, *stores, *reductions;
  uint64_t *rows;           // accumulators of the row at hand
  int64_t row, column;      // where reduce_rows stands; reduce_columns: of its first column
  uint64_t *accumulators;   // of the chunk at hand
  uint64_t streams;         // a bit for each store that goes past the caches in this run
} frame;

/// Bytes of memory `frame_begin` needs.
int64_t frame_bytes(const apus_region_program *program);

/// Lays out a frame in `memory` (64-byte aligned) and fills the tiles that never change.
void frame_begin(
  frame *frame, const apus_region_program *program, void *const *buffers, void *memory);

/// Runs elements `begin..<end`, which a thread must take in order.
void frame_run(frame *frame, int64_t begin, int64_t end);

/// Moves every walk to a linear index.
void frame_seek(frame *frame, int64_t index);

/// Runs `n` elements, at most a tile, from the index the walks stand at.
void frame_tile(frame *frame, int64_t begin, int64_t n);

/// Asks for what the tile at `index` loads.
void frame_read_ahead(const frame *frame, int64_t index);

/// Folds a tile into whatever accumulators the mode uses.
void frame_reduce(frame *frame, int64_t begin, int64_t n);

#endif
