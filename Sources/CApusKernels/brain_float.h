/// 16-bit brain floats: the upper half of a 32-bit float.
#ifndef APUS_BRAIN_FLOAT_H
#define APUS_BRAIN_FLOAT_H

#include "float_math.h"

// Rounds to the nearest, ties to even; keeps NaN a NaN.
APUS_INLINE uint16_t brain_of(float x) {
  uint32_t bits = bits_of(x);
  uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  return (uint16_t)((x != x ? bits | 0x400000u : rounded) >> 16);
}

APUS_INLINE float float_of_brain(uint16_t brain) { return float_of((uint32_t)brain << 16); }

#endif
