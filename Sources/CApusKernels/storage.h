/// Conversion between storage and compute types.
#ifndef APUS_STORAGE_H
#define APUS_STORAGE_H

#include <stdint.h>

typedef void (*apus_converter)(void *out, const void *in, int64_t n);

/// From memory to registers and back; NULL where the two are the same bits.
extern const apus_converter apus_unpack[8], apus_pack[8];

/// Bytes of an element of a compute type.
static inline int64_t apus_compute_size(int32_t compute) { return compute & 1 ? 8 : 4; }

#endif
