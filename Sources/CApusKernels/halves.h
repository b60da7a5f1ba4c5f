/// 16-bit floats to 32-bit ones and back, written so that loops over them vectorise.
#ifndef APUS_HALVES_H
#define APUS_HALVES_H

#include "float_math.h"

APUS_INLINE float float_of_brain(uint16_t brain) { return float_of((uint32_t)brain << 16); }

// Rounds to the nearest, ties to even; keeps NaN a NaN.
APUS_INLINE uint16_t brain_of(float x) {
  uint32_t bits = bits_of(x);
  uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  return (uint16_t)((x != x ? bits | 0x400000u : rounded) >> 16);
}

// By integer arithmetic throughout: float arithmetic would flush subnormal halves to zero.
APUS_INLINE float float_of_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, body = half & 0x7FFFu;
  uint32_t normal = (body << 13) + (112u << 23);
  normal = body >= 0x7C00u ? normal + (112u << 23) : normal;  // infinity and NaN
  float tiny = (float)(int32_t)body * 5.9604644775390625e-08f;
  return float_of(sign | (body < 0x400u ? bits_of(tiny) : normal));
}

APUS_INLINE uint16_t half_of_float(float x) {
  uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000u, body = bits & 0x7FFFFFFFu;
  uint32_t normal = (body - (112u << 23) + 0xFFFu + (body >> 13 & 1u)) >> 13;
  // Adding 0.5 leaves a multiple of 2^-24, the step of subnormal halves, in the low bits.
  uint32_t tiny = bits_of(float_of(body) + 0.5f) - 0x3F000000u;
  uint32_t half = body < 0x38800000u ? tiny : normal;
  half = body >= 0x477FF000u ? 0x7C00u : half;
  half = body > 0x7F800000u ? 0x7E00u : half;
  return (uint16_t)(sign | half);
}

#endif
