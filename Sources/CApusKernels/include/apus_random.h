/// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011).
///
/// A key is `int64[2]`: seed and stream. Block `k` of a key is Philox of the counter words
/// `(low(k), high(k), low(stream), high(stream))` under the key words `(low(seed), high(seed))`.
/// Nothing depends on the number of threads.
#ifndef APUS_RANDOM_H
#define APUS_RANDOM_H

#include "apus_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct apus_random_params {
  /// Elements to write.
  int64_t count;
  /// 1 for 64-bit elements (i64 bits, f64 uniform), 0 for 32-bit ones (i32 bits, f32 uniform).
  int32_t wide;
} apus_random_params;

/// Random bits, buffers `[key, out]`.
///
/// Element `i` of i32 output is lane `i % 4` of block `i / 4`. Element `i` of i64 output takes lane
/// `2 * (i % 2)` of block `i / 2` as its low and the next lane as its high word.
void apus_random_bits(void *const *buffers, const void *params, apus_context *context);

/// Uniform numbers in `[0, 1)`, buffers `[key, out]`: `(bits >> 8) * 2^-24` as f32 and
/// `(bits >> 11) * 2^-53` as f64, of the same bits as `apus_random_bits`.
void apus_random_uniform(void *const *buffers, const void *params, apus_context *context);

/// Derives a key from a key and a number, buffers `[key int64[2], data int64[1], out int64[2]]`.
///
/// With `w = philox((low(data), high(data), 0x66, 0), (low(seed), high(seed)))` the new seed is
/// `w1:w0` and the new stream is `stream xor w3:w2`. `params` is unused.
void apus_random_fold_in(void *const *buffers, const void *params, apus_context *context);

/// The blocks `first..<first + count` of a key: seed, then stream, low words first.
void apus_philox_blocks(uint32_t *out, const uint32_t *key, int64_t first, int64_t count);

/// One Philox4x32-10 block: replaces the counter words by random words.
void apus_philox_block(uint32_t counter[4], const uint32_t key[2]);

#ifdef __cplusplus
}
#endif

#endif
