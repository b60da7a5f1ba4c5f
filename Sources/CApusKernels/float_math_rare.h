/// The rarer functions of `float_math.h`, which computes them in double: part of that header.
#ifndef APUS_FLOAT_MATH_RARE_H
#define APUS_FLOAT_MATH_RARE_H

APUS_INLINE double exp_double(double x) {
  x = x > 700.0 ? 700.0 : x;
  x = x < -700.0 ? -700.0 : x;
  double shifted = x * 1.4426950408889634 + ROUNDER_DOUBLE;
  double n = shifted - ROUNDER_DOUBLE;
  double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double e = 2.764932429348301e-07;
  e = e * r + 2.7635339581568697e-06;
  e = e * r + 2.4801445870983664e-05;
  e = e * r + 0.0001984118443557551;
  e = e * r + 0.0013888888980361825;
  e = e * r + 0.008333333371444382;
  e = e * r + 0.0416666666664322;
  e = e * r + 0.16666666666610291;
  e = e * r + 0.5;
  double y = 1.0 + (r + r * r * e);
  return y * double_of((bits_of_double(shifted) + 1023) << 52);
}

// For normal positive x.
APUS_INLINE double log_double(double x) {
  uint64_t shifted = bits_of_double(x) + (0x3FF0000000000000u - 0x3FE6A09E00000000u);
  double e = (double)((int32_t)(shifted >> 52) - 1023);
  double f = double_of((shifted & 0xFFFFFFFFFFFFFu) + 0x3FE6A09E00000000u) - 1.0;
  double s = f / (2.0 + f);
  double square = s * s;
  double q = 0.16623940122392414;
  q = q * square + 0.18140042783620772;
  q = q * square + 0.22222866035518932;
  q = q * square + 0.28571424100258774;
  q = q * square + 0.40000000011341297;
  q = q * square + 0.666666666666621;
  return e * 0.69314718055994531 + (2.0 * s + s * square * q);
}

APUS_INLINE float log2_float(float x) {
  float y = (float)(log_double((double)x) * 1.4426950408889634);
  y = x < 1.17549435e-38f ? -INFINITY : y;
  y = x < 0.0f ? NAN : y;
  return x < INFINITY ? y : x;
}

APUS_INLINE double atan_double(double x) {
  double a = __builtin_fabs(x);
  double t = a > 1.0 ? 1.0 / a : a;
  double u = t > 0.41421356 ? (t - 1.0) / (t + 1.0) : t;
  double square = u * u;
  double p = 0.030881583474669835;
  p = p * square - 0.0589022171500972;
  p = p * square + 0.0756832486282053;
  p = p * square - 0.09079109084072796;
  p = p * square + 0.11110447918505209;
  p = p * square - 0.1428569351672067;
  p = p * square + 0.19999999684190864;
  p = p * square - 0.3333333333168854;
  double y = u + u * square * p;
  y = t > 0.41421356 ? y + 0.78539816339744831 : y;
  y = a > 1.0 ? 1.5707963267948966 - y : y;
  return __builtin_copysign(y, x);
}

APUS_INLINE float atan_float(float x) { return (float)atan_double((double)x); }

APUS_INLINE float asin_float(float x) {
  double d = (double)x;
  return (float)atan_double(d / __builtin_elementwise_sqrt((1.0 - d) * (1.0 + d)));
}

APUS_INLINE float acos_float(float x) {
  double d = (double)x;
  return (float)(2.0 * atan_double(__builtin_elementwise_sqrt((1.0 - d) / (1.0 + d))));
}

APUS_INLINE float atan2_float(float y, float x) {
  double a = __builtin_fabs((double)x), b = __builtin_fabs((double)y);
  double big = a > b ? a : b, small = a > b ? b : a;
  double t = small / big;
  t = big == 0.0 ? 0.0 : t;
  t = small == (double)INFINITY ? 1.0 : t;
  double angle = atan_double(t);
  angle = b > a ? 1.5707963267948966 - angle : angle;
  angle = (int32_t)bits_of(x) < 0 ? 3.1415926535897931 - angle : angle;
  float result = __builtin_copysignf((float)angle, y);
  result = x != x ? x : result;
  return y != y ? y : result;
}

APUS_INLINE float sinh_float(float x) {
  double d = (double)x, e = exp_double(d), square = d * d;
  double small = d * (1.0 + square * (1.0 / 6.0 + square * (1.0 / 120.0)));
  return (float)(__builtin_fabs(d) < 0.02 ? small : 0.5 * (e - 1.0 / e));
}

APUS_INLINE float cosh_float(float x) {
  double e = exp_double((double)x);
  return (float)(0.5 * (e + 1.0 / e));
}

APUS_INLINE float asinh_float(float x) {
  double a = __builtin_fabs((double)x), square = a * a;
  double small = a * (1.0 - square * (1.0 / 6.0 - square * 0.075));
  double large = log_double(a + __builtin_elementwise_sqrt(square + 1.0));
  float y = (float)(a < 0.02 ? small : large);
  return __builtin_copysignf(a < (double)INFINITY ? y : (float)a, x);
}

APUS_INLINE float acosh_float(float x) {
  double d = (double)x;
  float y = (float)log_double(d + __builtin_elementwise_sqrt((d - 1.0) * (d + 1.0)));
  y = x < 1.0f ? NAN : y;
  return x < INFINITY ? y : x;
}

APUS_INLINE float atanh_float(float x) {
  double a = __builtin_fabs((double)x), square = a * a;
  double small = a * (1.0 + square * (1.0 / 3.0 + square * 0.2));
  float y = (float)(a < 0.02 ? small : 0.5 * log_double((1.0 + a) / (1.0 - a)));
  y = a == 1.0 ? INFINITY : y;
  return a <= 1.0 ? __builtin_copysignf(y, x) : NAN;
}

APUS_INLINE float pow_float(float x, float y) {
  float a = __builtin_fabsf(x);
  double logarithm = log_double((double)a);
  logarithm = a < 1.17549435e-38f ? -(double)INFINITY : logarithm;
  logarithm = a < INFINITY ? logarithm : (double)a;
  float magnitude = (float)exp_double(logarithm * (double)y);
  float half = 0.5f * y;
  int integral = __builtin_truncf(y) == y;
  int odd = integral & (__builtin_truncf(half) != half);
  uint32_t sign = odd ? bits_of(x) & 0x80000000u : 0u;
  float result = float_of(bits_of(magnitude) | sign);
  result = ((x < 0.0f) & (a < INFINITY) & !integral) ? NAN : result;
  result = ((x != x) | (y != y)) ? x + y : result;
  int one = (y == 0.0f) | (x == 1.0f) | ((x == -1.0f) & (half == y));
  return one ? 1.0f : result;
}

/// Beyond this the argument of sine and cosine is left to the C library.
#define TRIGONOMETRIC_LIMIT 1048576.0f

typedef struct sine_cosine {
  double sine, cosine;
} sine_cosine;

// Sine and cosine for |x| up to the limit.
APUS_INLINE sine_cosine sine_and_cosine(float x) {
  double shifted = (double)x * 0.63661977236758134 + ROUNDER_DOUBLE;
  double n = shifted - ROUNDER_DOUBLE;
  uint64_t quadrant = bits_of_double(shifted);
  double r = ((double)x - n * 1.57079632673412561417) - n * 6.07710050650619224932e-11;
  double square = r * r;
  double s = -2.4761726295375737e-08;
  s = s * square + 2.7555358655164344e-06;
  s = s * square - 0.00019841263826432174;
  s = s * square + 0.008333333325276332;
  s = s * square - 0.1666666666663161;
  double sine = r * (1.0 + square * s);
  double c = -2.7245168280660427e-07;
  c = c * square + 2.4799972521807447e-05;
  c = c * square - 0.0013888885593857185;
  c = c * square + 0.04166666664576059;
  double cosine = 1.0 - 0.5 * square + square * square * c;
  int swap = (quadrant & 1) != 0;
  double a = swap ? cosine : sine, b = swap ? sine : cosine;
  return (sine_cosine){
    double_of(bits_of_double(a) ^ (quadrant & 2) << 62),
    double_of(bits_of_double(b) ^ ((quadrant + 1) & 2) << 62)};
}

#endif
