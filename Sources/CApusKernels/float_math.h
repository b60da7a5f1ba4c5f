/// Branch-free elementary functions on one float, written so that loops over them vectorise.
///
/// Polynomials are minimax fits made for these intervals. The rarer functions compute in double,
/// which costs twice as much and needs no care; errors stay within about 2 units in the last place.
/// Bounds that a test keeps, in units in the last place: exp 1.1, log 1, expm1, log1p, tanh and erf
/// 2, sigmoid and softplus 2.5, silu 3.5; right of -0.7 gelu 8 and gelu_tanh 4, left of it 3e-7 in
/// all. Results that would be subnormal are zero.
#ifndef APUS_FLOAT_MATH_H
#define APUS_FLOAT_MATH_H

#include <math.h>

#include "vectorized.h"

#pragma clang fp contract(fast)

APUS_INLINE uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
APUS_INLINE float float_of(uint32_t x) { return __builtin_bit_cast(float, x); }
APUS_INLINE uint64_t bits_of_double(double x) { return __builtin_bit_cast(uint64_t, x); }
APUS_INLINE double double_of(uint64_t x) { return __builtin_bit_cast(double, x); }

// Adding 1.5 * 2^23 rounds to an integer that then sits in the low bits.
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4B400000u
#define ROUNDER_DOUBLE 6755399441055744.0

typedef struct split_exponent {
  int32_t n;
  float r;
} split_exponent;

// x = n * ln 2 + r with |r| <= ln(2) / 2.
APUS_INLINE split_exponent split_by_ln2(float x) {
  float shifted = x * 1.44269504f + ROUNDER;
  float n = shifted - ROUNDER;
  float r = x - n * 0.693359375f;
  return (split_exponent){(int32_t)(bits_of(shifted) - ROUNDER_BITS), r + n * 2.12194440e-4f};
}

// exp(r) - 1 for |r| <= ln(2) / 2.
APUS_INLINE float small_expm1(float r) {
  float e = 0.0013946439f;
  e = e * r + 0.0083665783f;
  e = e * r + 0.0416662805f;
  e = e * r + 0.1666654348f;
  e = e * r + 0.5f;
  return r * r * e + r;
}

// 2^n for -126 <= n <= 127.
APUS_INLINE float power_of_two(int32_t n) { return float_of((uint32_t)(n + 127) << 23); }

APUS_INLINE float scaled(float x, int32_t n) {
  int32_t half = n >> 1;  // n itself may exceed the range of exponents
  return x * power_of_two(half) * power_of_two(n - half);
}

APUS_INLINE float exp_float(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  split_exponent s = split_by_ln2(x);
  return scaled(small_expm1(s.r) + 1.0f, s.n);
}

// e^x for x <= 0 alone, in half the instructions; 0 below -87.3, where the result would be subnormal.
APUS_INLINE float exp_falling(float x) {
  x = x < -87.9f ? -87.9f : x;
  float shifted = x * 1.44269504f + ROUNDER;
  float n = shifted - ROUNDER;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  return (small_expm1(r) + 1.0f) * float_of((bits_of(shifted) << 23) + 0x3F800000u);
}

APUS_INLINE float exp2_float(float x) {
  x = x > 129.0f ? 129.0f : x;
  x = x < -151.0f ? -151.0f : x;
  float shifted = x + ROUNDER;
  float r = (x - (shifted - ROUNDER)) * 0.693147181f;
  return scaled(small_expm1(r) + 1.0f, (int32_t)(bits_of(shifted) - ROUNDER_BITS));
}

APUS_INLINE float expm1_float(float x) {
  float clamped = x > 89.0f ? 89.0f : x;
  clamped = clamped < -20.0f ? -20.0f : clamped;
  split_exponent s = split_by_ln2(clamped);
  // Half the result first: 2^128 is no float.
  float half_power = power_of_two(s.n - 1);
  float y = 2.0f * (small_expm1(s.r) * half_power + (half_power - 0.5f));
  return __builtin_fabsf(x) < 1e-30f ? x : y;  // half of the smallest would be zero
}

APUS_INLINE float log_float(float x) {
  uint32_t shifted = bits_of(x) - 0x3F2AAAABu;  // splits at 2/3 and 4/3
  float e = (float)((int32_t)shifted >> 23);
  float f = float_of((shifted & 0x7FFFFFu) + 0x3F2AAAABu) - 1.0f;
  float square = f * f;
  float p = -0.131916463f;
  p = p * f + 0.139624506f;
  p = p * f - 0.121151261f;
  p = p * f + 0.140109196f;
  p = p * f - 0.166854665f;
  p = p * f + 0.200100437f;
  p = p * f - 0.249996886f;
  p = p * f + 0.333332241f;
  float y = p * (square * f) + e * -2.12194440e-4f;
  y = y - 0.5f * square;
  y = (f + y) + e * 0.693359375f;
  y = x < 1.17549435e-38f ? -INFINITY : y;  // subnormal counts as zero
  y = x < 0.0f ? NAN : y;
  return x < INFINITY ? y : x;  // also NaN
}

APUS_INLINE float log1p_float(float x) {
  float u = 1.0f + x;
  float lost = (x - (u - 1.0f)) / u;
  float y = log_float(u);
  y = u > 0.0f && u < INFINITY ? y + lost : y;
  return x == 0.0f ? x : y;
}

// Never divides by an overflown power, so that the far left tail keeps its precision.
APUS_INLINE float sigmoid_float(float x) {
  float e = exp_falling(-__builtin_fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

APUS_INLINE float softplus_float(float x) {
  return (x > 0.0f ? x : 0.0f) + log1p_float(exp_falling(-__builtin_fabsf(x)));
}

APUS_INLINE float tanh_float(float x) {
  float a = __builtin_fabsf(x), square = x * x;
  float t = -0.005717036780f;
  t = t * square + 0.020650578663f;
  t = t * square - 0.053743496537f;
  t = t * square + 0.133314907551f;
  t = t * square - 0.333332836628f;
  float small = a + a * square * t;
  float e = exp_falling(-2.0f * a);
  float large = (1.0f - e) / (1.0f + e);
  return __builtin_copysignf(a < 0.625f ? small : large, x);
}

// erf(x) / x - 1 from x^2, for |x| < 0.9277.
APUS_INLINE float erf_center(float square) {
  float p = 8.36011823e-05f;
  p = p * square - 0.000814096362f;
  p = p * square + 0.00520084094f;
  p = p * square - 0.0268593952f;
  p = p * square + 0.112836964f;
  p = p * square - 0.376126349f;
  return p * square + 0.128379166f;
}

// 1 - erf(a), for a >= 0.9277.
APUS_INLINE float erf_tail(float a) {
  float u = a - 1.0f;
  float p = -3.80306346e-07f;
  p = p * u - 1.93257220e-05f;
  p = p * u + 0.000283822767f;
  p = p * u - 0.00200512483f;
  p = p * u + 0.0100421514f;
  p = p * u - 0.0415621176f;
  p = p * u - 0.843107283f;
  p = p * u - 2.63896751f;
  return exp_falling(p * u - 1.84960556f);
}

APUS_INLINE float erf_float(float x) {
  float a = __builtin_fabsf(x);
  // Of the smallest numbers the product would be subnormal where it is rounded by itself.
  float small = a < 1e-30f ? 1.12837917f * x : x + x * erf_center(x * x);
  float large = 1.0f - erf_tail(a > 4.05f ? 4.05f : a);
  return a < 0.9277f ? small : __builtin_copysignf(large, x);
}

typedef struct normal_tail {
  float share, power;
} normal_tail;

// The share of a standard normal distribution above a, and e^(-a^2 / 2), for 0 <= a <= 13: their
// ratio is a smooth function of 1 / (1 + 0.26 a).
APUS_INLINE normal_tail tail_of_normal(float a) {
  float t = 1.0f / (1.0f + 0.26f * a);
  float p = 0.030230208f;
  p = p * t - 0.151493978f;
  p = p * t + 0.24873225f;
  p = p * t - 0.14778825f;
  p = p * t + 0.158758009f;
  p = p * t + 0.0519651392f;
  p = p * t + 0.102788602f;
  p = p * t + 0.103050985f;
  p = p * t + 0.103757021f;
  float power = exp_falling(-0.5f * (a * a));
  return (normal_tail){power * (p * t), power};
}

// Within 4e-7 relative to itself above -2 and 1e-5 below, where it falls to nothing.
APUS_INLINE float gelu_float(float x) {
  float a = __builtin_fabsf(x);
  a = a > 13.0f ? 13.0f : a;
  float y = (x < 0.0f ? 0.0f : x) - a * tail_of_normal(a).share;
  return x < -13.0f ? -0.0f : y;
}

APUS_INLINE float gelu_slope_float(float x) {
  float a = __builtin_fabsf(x);
  a = a > 13.0f ? 13.0f : a;
  normal_tail tail = tail_of_normal(a);
  float slope = tail.share - a * 0.398942280f * tail.power;  // at -a
  return x < 0.0f ? slope : 1.0f - slope;
}

// e^-u with u = sqrt(8 / pi) (a + 0.044715 a^3), for 0 <= a <= 9.9.
APUS_INLINE float gelu_tanh_power(float a) {
  return exp_falling(a * (a * a * -0.0713548163f - 1.59576912f));
}

APUS_INLINE float gelu_tanh_float(float x) {
  float a = __builtin_fabsf(x);
  float e = gelu_tanh_power(a > 9.9f ? 9.9f : a);
  float y = x * (x < 0.0f ? e : 1.0f) / (1.0f + e);
  return x < -9.9f ? -0.0f : y;
}

APUS_INLINE float gelu_tanh_slope_float(float x) {
  float a = __builtin_fabsf(x);
  a = a > 9.9f ? 9.9f : a;
  float e = gelu_tanh_power(a), share = 1.0f / (1.0f + e);
  float rise = a * (a * a * 0.214064449f + 1.59576912f);
  float slope = share * e * (1.0f - share * rise);  // at -a
  return x < 0.0f ? slope : 1.0f - slope;
}

APUS_INLINE float silu_float(float x) {
  float c = x < -104.0f ? -104.0f : x;
  return c * sigmoid_float(x);
}

#include "float_math_rare.h"

#endif
