// Private helpers of the dense kernels: instruction-set dispatch, sizes, scratch carving.
#ifndef APUS_DENSE_SUPPORT_H
#define APUS_DENSE_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "apus_threads.h"
#include "apus_sanitized.h"

// One clone per x86-64 level, selected by the loader; other machines compile the function once.
#if defined(__x86_64__) && defined(__linux__) && !APUS_SANITIZED
#define APUS_DENSE_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define APUS_DENSE_CLONES
#endif

#define APUS_INLINE static inline __attribute__((always_inline))

// Vectors never cross a real call: helpers that take them are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define APUS_JOIN_(a, b) a##_##b
#define APUS_JOIN(a, b) APUS_JOIN_(a, b)

// Work below this many multiply-adds stays on the calling thread.
enum { APUS_SERIAL_WORK = 100000 };

APUS_INLINE int64_t apus_min(int64_t a, int64_t b) { return a < b ? a : b; }
APUS_INLINE int64_t apus_max(int64_t a, int64_t b) { return a > b ? a : b; }
APUS_INLINE int64_t apus_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
APUS_INLINE int64_t apus_round_up(int64_t a, int64_t b) { return apus_ceil_div(a, b) * b; }
APUS_INLINE int64_t apus_thread_count(int32_t threads) { return threads < 1 ? 1 : threads; }

// Bytes of one scratch section; sections begin on cache lines.
APUS_INLINE int64_t apus_section(int64_t bytes) { return apus_round_up(bytes, 64); }

// Items per thread below which `apus_parallel_for` should not split, given the work of one item.
APUS_INLINE int64_t apus_grain(int64_t work_per_item) {
  return apus_max(1, APUS_SERIAL_WORK / 2 / apus_max(1, work_per_item));
}

// Runs the body inline when the whole is too small for a parallel region.
APUS_INLINE void apus_spread(
    apus_context *context, int64_t count, int64_t work_per_item,
    void (*body)(void *, int64_t, int64_t, int32_t), void *argument) {
  if (count <= 0) return;
  if (context->threads <= 1 || count == 1 || count * work_per_item < APUS_SERIAL_WORK)
    body(argument, 0, count, 0);
  else
    apus_parallel_for(context, count, apus_grain(work_per_item), body, argument);
}

#endif
