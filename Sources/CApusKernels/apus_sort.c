#include "apus_sort.h"

#include "apus_dense_support.h"

enum {
  // Up to this length insertion beats counting.
  APUS_SORT_INSERTION = 24,
};

// Order-preserving unsigned keys. Zeros of both signs are equal, NaNs equal and above all others.
APUS_INLINE uint32_t apus_sort_key_f32(float value) {
  if (value != value) return UINT32_MAX;
  value += 0.0f;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

APUS_INLINE uint64_t apus_sort_key_f64(double value) {
  if (value != value) return UINT64_MAX;
  value += 0.0;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

APUS_INLINE uint32_t apus_sort_key_i32(int32_t value) {
  return (uint32_t)value ^ UINT32_C(1) << 31;
}

APUS_INLINE uint64_t apus_sort_key_i64(int64_t value) {
  return (uint64_t)value ^ UINT64_C(1) << 63;
}

APUS_INLINE uint8_t apus_sort_key_u8(uint8_t value) { return value; }

// A key and where it came from; 32 bits of each share a word.
typedef struct apus_sort_narrow {
  uint32_t key, index;
} apus_sort_narrow;

typedef struct apus_sort_wide {
  uint64_t key, index;
} apus_sort_wide;

#define VALUE float
#define KEY uint32_t
#define ENTRY apus_sort_narrow
#define SUFFIX f32
#include "apus_sort.inc"
#undef VALUE
#undef KEY
#undef ENTRY
#undef SUFFIX

#define VALUE double
#define KEY uint64_t
#define ENTRY apus_sort_wide
#define SUFFIX f64
#include "apus_sort.inc"
#undef VALUE
#undef KEY
#undef ENTRY
#undef SUFFIX

#define VALUE int32_t
#define KEY uint32_t
#define ENTRY apus_sort_narrow
#define SUFFIX i32
#include "apus_sort.inc"
#undef VALUE
#undef KEY
#undef ENTRY
#undef SUFFIX

#define VALUE int64_t
#define KEY uint64_t
#define ENTRY apus_sort_wide
#define SUFFIX i64
#include "apus_sort.inc"
#undef VALUE
#undef KEY
#undef ENTRY
#undef SUFFIX

#define VALUE uint8_t
#define KEY uint8_t
#define ENTRY apus_sort_narrow
#define SUFFIX u8
#include "apus_sort.inc"
