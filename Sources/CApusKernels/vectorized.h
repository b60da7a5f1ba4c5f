/// Attributes and floating-point modes shared by the kernels' sources.
#ifndef APUS_VECTORIZED_H
#define APUS_VECTORIZED_H

#include <stdint.h>

#include "apus_sanitized.h"

#if defined(__x86_64__) && defined(__linux__) && !APUS_SANITIZED
/// Compiles a function once per vector width; the loader picks. ("avx2" alone would lack FMA.)
#define APUS_VECTORIZED \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define APUS_VECTORIZED
#endif

#define APUS_INLINE static inline __attribute__((always_inline))

/// Before a loop whose iterations are independent even where pointers are equal.
#define APUS_LOOP _Pragma("clang loop vectorize(assume_safety)")

/// Makes subnormal numbers count as zero on this thread; returns the mode to restore.
APUS_INLINE uint64_t apus_float_mode_begin(void) {
#if defined(__x86_64__)
  uint32_t mode = __builtin_ia32_stmxcsr();
  if ((mode & 0x8040u) != 0x8040u) __builtin_ia32_ldmxcsr(mode | 0x8040u);
  return mode;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" ::"r"(mode | (UINT64_C(1) << 24)));
  return mode;
#else
  return 0;
#endif
}

/// Restores the mode that `apus_float_mode_begin` returned.
APUS_INLINE void apus_float_mode_end(uint64_t mode) {
#if defined(__x86_64__)
  if ((mode & 0x8040u) != 0x8040u) __builtin_ia32_ldmxcsr((uint32_t)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" ::"r"(mode));
#else
  (void)mode;
#endif
}

#endif
