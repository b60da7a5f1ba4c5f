#include "streaming.h"

#include <stdatomic.h>
#include <unistd.h>

enum { usual_cache = 32 << 20, least_cache = 4 << 20, most_cache = 64 << 20 };

// Bytes of the last-level cache: what the system says, within reason; of a server's hundreds of
// megabytes this process has only a share.
static int64_t cache_bytes(void) {
  static _Atomic int64_t known;
  int64_t bytes = atomic_load_explicit(&known, memory_order_relaxed);
  if (bytes) return bytes;
#ifdef _SC_LEVEL3_CACHE_SIZE
  bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  if (bytes <= 0) bytes = usual_cache;
  if (bytes < least_cache) bytes = least_cache;
  if (bytes > most_cache) bytes = most_cache;
  atomic_store_explicit(&known, bytes, memory_order_relaxed);
  return bytes;
}

int apus_exceeds_caches(int64_t bytes) { return bytes >= cache_bytes(); }
