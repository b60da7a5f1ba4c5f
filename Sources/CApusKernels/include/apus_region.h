/// Fused regions: short programs over tiles of elements, with loads, stores and reductions.
///
/// A region walks a linear index `0..<count` over its iteration space. Every instruction handles one
/// tile of up to 256 elements, so intermediate values stay in the first-level cache.
#ifndef APUS_REGION_H
#define APUS_REGION_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How elements lie in memory.
enum apus_storage {
  apus_f32,
  apus_f64,
  apus_bf16,
  apus_f16,
  apus_i32,
  apus_i64,
  apus_u8,
  apus_bool,
};

/// What a register holds; `bf16` and `f16` compute as f32, `u8` and `bool` as i32 (bool: 0 or 1).
enum apus_compute {
  apus_compute_f32,
  apus_compute_f64,
  apus_compute_i32,
  apus_compute_i64,
};

/// Which element of the buffer belongs to linear index `i`.
enum apus_access_kind {
  /// Element `i`.
  apus_linear,
  /// Element 0.
  apus_scalar,
  /// Element `i % period`.
  apus_periodic,
  /// Element `i / repeat`.
  apus_repeated,
  /// Element `sum(coordinate[k] * strides[k])`, the coordinates of `i` in row-major `sizes`.
  apus_strided,
  /// No memory: the number `(i / repeat) % period` itself.
  apus_iota,
};

/// A tile read from, or written to, a buffer.
typedef struct apus_access {
  int32_t buffer;
  /// The register that is filled or written out.
  int32_t slot;
  int32_t kind;
  int32_t storage;
  int64_t period, repeat;
  /// Added to every element index.
  int64_t offset;
  int32_t rank;
  int64_t sizes[8], strides[8];
} apus_access;

/// Fills `n` elements of `d`; `n` is a multiple of 16. `d` may be an operand of the same width.
typedef void (*apus_tile_kernel)(
  void *d, const void *a, const void *b, const void *c, const double *imm, int64_t n);

/// An instruction the tile machine knows.
typedef struct apus_operation {
  const char *name;
  apus_tile_kernel run;
  /// `apus_compute` of the operands that share one type, and of the result.
  int32_t type, result;
  /// `apus_compute` of operand `a` (differs from `type` for `select` and conversions).
  int32_t first;
  /// How many of `a`, `b`, `c` are read.
  int32_t operands;
  /// Time per element in units of one addition.
  int32_t cost;
} apus_operation;

/// The instruction called `name` on operands of `compute_type`, or NULL when there is none.
///
/// - Unary: neg abs sign exp exp2 expm1 log log2 log1p sqrt rsqrt reciprocal sin cos tan asin acos
///   atan sinh cosh tanh asinh acosh atanh sigmoid softplus erf erfc floor ceil round trunc relu silu
///   gelu gelu_tanh square not bitwise_not isfinite isnan isinf copy.
/// - Binary: add sub mul div rem pow atan2 max min eq ne lt le gt ge and or xor relu_grad tanh_grad
///   sigmoid_grad gelu_grad gelu_tanh_grad (the last five: `dy` first, then `y` or `x`).
/// - Ternary: select (i32 condition, value if true, value if false) fma mul_add (`a * b + c`) clamp
///   (value, low, high).
/// - With immediates: add_i mul_i rsub_i div_i rdiv_i pow_i max_i min_i axpb (`a * imm0 + imm1`) axpby
///   (`a * imm0 + b * imm1`) fill (no operand).
/// - Conversions, `compute_type` being the result: cvt_f32 cvt_f64 cvt_i32 cvt_i64.
///
/// Comparisons and `is…` give i32. Integer division truncates; by zero it gives 0, as does `rem`.
const apus_operation *apus_instruction_lookup(const char *name, int32_t compute_type);

/// One instruction: `dst = operation(a, b, c)` with up to four immediate numbers.
typedef struct apus_instruction {
  const apus_operation *operation;
  int32_t dst, a, b, c;
  double imm[4];
} apus_instruction;

enum apus_reduction_operation {
  apus_reduce_sum,
  apus_reduce_max,
  apus_reduce_min,
  apus_reduce_prod,
};

/// A register folded into a buffer: `out[access(i)] = op over i`, a sum of floats times `scale`.
typedef struct apus_reduction {
  int32_t operation;
  /// Where the result goes (`scalar`, `periodic`, `repeated` or `strided`) and from which slot.
  apus_access output;
  /// How many elements the result has; they are all written, with the identity if `count` is 0.
  int64_t output_count;
  double scale;
} apus_reduction;

/// The description of a region, read once by `apus_region_prepare`.
///
/// Slots are numbered `0..<register_count`; a slot may be written again once its value is used up.
/// Loads happen first, then instructions in order, then stores and reductions.
typedef struct apus_region {
  int64_t count;
  int32_t load_count, instruction_count, store_count, reduction_count, register_count;
  /// Index of the buffer with `apus_region_scratch_bytes` bytes; unused when that is 0.
  int32_t scratch_buffer;
  const apus_access *loads;
  const apus_instruction *instructions;
  const apus_access *stores;
  const apus_reduction *reductions;
} apus_region;

/// A region made ready to run; immutable, so any number of threads may run it.
typedef struct apus_region_program apus_region_program;

/// Makes a region ready to run, or returns NULL when it is malformed (an unwritten slot, a type that
/// does not fit). Release the result with `apus_region_release`.
apus_region_program *apus_region_prepare(const apus_region *region);

/// Releases a prepared region.
void apus_region_release(apus_region_program *program);

/// Bytes of scratch memory the region's reductions need for runs with up to `threads` threads.
int64_t apus_region_scratch_bytes(
  const apus_region_program *program, int32_t threads, int32_t deterministic);

/// Runs a prepared region; `params` is an `apus_region_program`.
///
/// A store may go to the very elements a load of the same index read.
void apus_region_run(void *const *buffers, const void *params, apus_context *context);

/// Size in bytes of one element.
int64_t apus_storage_size(int32_t storage);

/// The `apus_compute` type in which a storage type is computed.
int32_t apus_storage_compute(int32_t storage);

/// Converts `count` elements between storage types (through the source's compute type).
void apus_convert(
  void *destination, int32_t destination_storage, const void *source, int32_t source_storage,
  int64_t count);

#ifdef __cplusplus
}
#endif

#endif
