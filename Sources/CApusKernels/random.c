#include "apus_random.h"

#include <string.h>

#include "apus_threads.h"
#include "vectorized.h"

enum {
  run_blocks = 64,   // blocks made at a time
  grain_blocks = 2048,
};

typedef struct block {
  uint32_t w0, w1, w2, w3;
} block;

// Ten rounds of Philox4x32 (Salmon et al. 2011, table 2 for the constants).
APUS_INLINE block philox(block c, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)c.w0 * 0xD2511F53u, b = (uint64_t)c.w2 * 0xCD9E8D57u;
    c = (block){(uint32_t)(b >> 32) ^ c.w1 ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c.w3 ^ k1,
                (uint32_t)a};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

APUS_VECTORIZED void apus_philox_blocks(
    uint32_t *out, const uint32_t *key, int64_t first, int64_t count) {
  _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(1)")
  for (int64_t i = 0; i < count; i++) {
    uint64_t number = (uint64_t)(first + i);
    block c = {(uint32_t)number, (uint32_t)(number >> 32), key[2], key[3]};
    c = philox(c, key[0], key[1]);
    out[4 * i] = c.w0;
    out[4 * i + 1] = c.w1;
    out[4 * i + 2] = c.w2;
    out[4 * i + 3] = c.w3;
  }
}

APUS_VECTORIZED static void make_floats(float *out, const uint32_t *bits, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = (float)(int32_t)(bits[i] >> 8) * 0x1p-24f;
}

APUS_VECTORIZED static void make_doubles(double *out, const uint32_t *bits, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint64_t wide = (uint64_t)bits[2 * i + 1] << 32 | bits[2 * i];
    out[i] = (double)(int64_t)(wide >> 11) * 0x1p-53;
  }
}

typedef struct job {
  uint32_t key[4];
  char *out;
  int64_t count;
  int32_t wide, uniform;
} job;

static void run_part(void *arg, int64_t begin, int64_t end, int32_t worker) {
  (void)worker;
  const job *job = arg;
  const int64_t per_block = job->wide ? 2 : 4, size = job->wide ? 8 : 4;
  uint32_t bits[run_blocks * 4];
  for (int64_t first = begin; first < end; first += run_blocks) {
    int64_t blocks = end - first < run_blocks ? end - first : run_blocks;
    int64_t element = first * per_block, n = blocks * per_block;
    if (n > job->count - element) n = job->count - element;
    apus_philox_blocks(bits, job->key, first, run_blocks);
    void *out = job->out + element * size;
    if (!job->uniform)
      memcpy(out, bits, (size_t)(n * size));
    else if (job->wide)
      make_doubles(out, bits, n);
    else
      make_floats(out, bits, n);
  }
}

static void run(void *const *buffers, const void *params, apus_context *context, int32_t uniform) {
  const apus_random_params *random = params;
  job job = {.out = buffers[1], .count = random->count, .wide = random->wide, .uniform = uniform};
  // Little-endian: low word first, seed before stream.
  memcpy(job.key, buffers[0], sizeof job.key);
  int64_t per_block = random->wide ? 2 : 4;
  int64_t blocks = (random->count + per_block - 1) / per_block;
  apus_parallel_for(context, blocks, grain_blocks, run_part, &job);
}

void apus_random_bits(void *const *buffers, const void *params, apus_context *context) {
  run(buffers, params, context, 0);
}

void apus_random_uniform(void *const *buffers, const void *params, apus_context *context) {
  run(buffers, params, context, 1);
}

void apus_philox_block(uint32_t counter[4], const uint32_t key[2]) {
  block c = {counter[0], counter[1], counter[2], counter[3]};
  c = philox(c, key[0], key[1]);
  memcpy(counter, &c, sizeof c);
}

void apus_random_fold_in(void *const *buffers, const void *params, apus_context *context) {
  (void)params, (void)context;
  uint32_t key[4], data[2];
  memcpy(key, buffers[0], sizeof key);
  memcpy(data, buffers[1], sizeof data);
  uint32_t words[4] = {data[0], data[1], 0x66, 0};
  apus_philox_block(words, key);
  words[2] ^= key[2];
  words[3] ^= key[3];
  memcpy(buffers[2], words, sizeof words);
}
