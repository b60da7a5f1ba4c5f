/// Writing past the caches, and reading ahead into them.
///
/// Memory that is written in full and not read soon needs no place in the caches: non-temporal
/// stores neither read it first nor push out what is in use.
#ifndef APUS_STREAMING_H
#define APUS_STREAMING_H

#include <stdint.h>
#include <string.h>

#include "vectorized.h"

/// Whether results of that many bytes exceed the caches.
int apus_exceeds_caches(int64_t bytes);

/// A cache line of bytes.
typedef uint32_t apus_line __attribute__((vector_size(64), aligned(64)));

/// Ends a stretch of non-temporal stores: other threads see them after their next synchronisation.
APUS_INLINE void apus_stream_end(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

/// Copies bytes past the caches; `from` is aligned to a cache line where `to` is.
APUS_INLINE void apus_stream_copy(void *to, const void *from, int64_t bytes) {
  char *out = to;
  const char *in = from;
  const int64_t head = (int64_t)(-(uintptr_t)out & 63);
  if (head || ((uintptr_t)in & 63)) {
    memcpy(out, in, (size_t)bytes);
    return;
  }
  int64_t i = 0;
  for (; i + 64 <= bytes; i += 64)
    __builtin_nontemporal_store(*(const apus_line *)(in + i), (apus_line *)(out + i));
  if (i < bytes) memcpy(out + i, in + i, (size_t)(bytes - i));
}

/// Asks for bytes that are read soon.
APUS_INLINE void apus_read_ahead(const void *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)from + i);
}

#endif
